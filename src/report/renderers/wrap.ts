import stringWidth from "string-width";
import { cutToWidth } from "./table.ts";

/**
 * Text in lines of at most `width` cells: `lead` before the first, as many blanks before the others. A word that is longer
 * than a line is broken.
 */
export function hangingIndent(lead: string, text: string, width: number): string {
  const indent = " ".repeat(stringWidth(lead));
  const room = Math.max(8, width - indent.length);
  const lines: string[] = [""];
  for (const word of text.split(" ").flatMap((one) => pieces(one, room))) {
    const last = lines.at(-1)!;
    if (last === "") lines[lines.length - 1] = word;
    else if (stringWidth(last) + 1 + stringWidth(word) <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, at) => `${at === 0 ? lead : indent}${line}\n`).join("");
}

function pieces(word: string, room: number): string[] {
  const result: string[] = [];
  let rest = word;
  while (stringWidth(rest) > room) {
    const head = cutToWidth(rest, room).slice(0, -1);
    result.push(head);
    rest = rest.slice(head.length);
  }
  return [...result, rest];
}
