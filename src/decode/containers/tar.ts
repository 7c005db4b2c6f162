import { createByteReader } from "./bytes.ts";
import { isTarHeader } from "./kinds.ts";
import { DamagedInput } from "./limits.ts";

/** A file in an archive. */
export interface Member {
  readonly name: string;
  /** Its bytes; what is not read of them is skipped. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
const LONGEST_EXTENSION = 1 << 20;

/**
 * The files of a tar archive one after the other, as they come (POSIX pax and ustar, GNU, and older writers). Links, folders
 * and devices have no content and are passed over. Throws DamagedInput `truncated_tar` or `corrupt_tar`.
 */
export async function* tarMembers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const reader = createByteReader(chunks, "truncated_tar");
  /** What an extension says of the file behind it. */
  let next: { name?: string; size?: number } = {};
  let any = false;
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header === null) {
      if (!any) throw new DamagedInput("truncated_tar");
      return;
    }
    // Two blocks of zeros end an archive; archives that were appended to each other go on behind them.
    if (header.every((byte) => byte === 0)) continue;
    if (!isTarHeader(header)) throw new DamagedInput("corrupt_tar");
    const type = String.fromCharCode(header[156]);
    const size = next.size ?? numberAt(header, 124, 12);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if ("xL".includes(type)) {
      if (size > LONGEST_EXTENSION) throw new DamagedInput("corrupt_tar");
      const content = Buffer.from((await reader.take(size)) ?? []).toString("utf8");
      await reader.skip(padding);
      next = type === "L" ? { ...next, name: content.replace(/\0.*$/s, "") } : { ...next, ...readPax(content) };
      continue;
    }
    any = true;
    const name = next.name ?? nameOf(header);
    next = {};
    // Content has type 0, NUL in old archives, or 7; of an unknown type as well (POSIX.1-2017, ustar, typeflag).
    const hasContent = !"123456gVMNKDS".includes(type);
    const stream = reader.stream(size);
    if (hasContent && !name.endsWith("/")) yield { name, chunks: stream };
    await reader.skip(padding);
  }
}

function nameOf(header: Uint8Array): string {
  const prefix = textAt(header, 257, 6) === "ustar" ? textAt(header, 345, 155) : "";
  const name = textAt(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textAt(header: Uint8Array, at: number, length: number): string {
  const text = Buffer.from(header.subarray(at, at + length)).toString("utf8");
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** Octal digits, or with the first bit set a number of base 256 (GNU, for files from 8 GiB on). */
function numberAt(header: Uint8Array, at: number, length: number): number {
  let value = 0;
  if (header[at] & 0x80) {
    for (let index = 1; index < length; index++) value = value * 256 + header[at + index];
  } else {
    const text = textAt(header, at, length).trim();
    if (!/^[0-7]*$/.test(text)) throw new DamagedInput("corrupt_tar");
    value = text === "" ? 0 : parseInt(text, 8);
  }
  if (!Number.isSafeInteger(value)) throw new DamagedInput("corrupt_tar");
  return value;
}

/** The records of a pax header that matter: `25 path=logs/a.log`, one a line. */
function readPax(content: string): { name?: string; size?: number } {
  const path = /(?:^|\n)\d+ path=(.*)\n/.exec(content)?.[1];
  const size = /(?:^|\n)\d+ size=(\d+)\n/.exec(content)?.[1];
  return { ...(path !== undefined && { name: path }), ...(size !== undefined && { size: Number(size) }) };
}
