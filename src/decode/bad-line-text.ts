import { BAD_LINE_TEXT } from "./flow-batch.ts";

const DECODER = new TextDecoder();
// C0, DEL, C1, and the marks that reorder or hide text (Unicode TR36 3.2).
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text of a bad line for keeping: its first BAD_LINE_TEXT characters, control characters as `\x1b` or `\u{202e}`. */
export function badLineText(bytes: Uint8Array, from: number, to: number): string {
  // Four bytes are the most that one character takes.
  const text = DECODER.decode(bytes.subarray(from, Math.min(to, from + BAD_LINE_TEXT * 4)));
  const safe = text.slice(0, BAD_LINE_TEXT).replace(UNSAFE, (char) => {
    const hex = char.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u{${hex}}` : `\\x${hex.padStart(2, "0")}`;
  });
  // Half a character pair at the cut is left out.
  return safe.slice(0, BAD_LINE_TEXT).replace(/[\ud800-\udbff]$/, "");
}
