import { Readable, pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import { chunksOf } from "./gzip.ts";
import { createRatioGuard, DamagedInput, type UnpackBudget } from "./limits.ts";
import type { Member } from "./tar.ts";

/** Largest archive taken: its directory stands at its end, so it is held whole. */
const LARGEST_ZIP = 512 * 2 ** 20;
const PIECE = 1 << 16;

const END = 0x06054b50;
const END_BYTES = 22;
const END64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * The files of a zip archive. It is held whole, because only the directory at its end says where its files lie; each is
 * unpacked a chunk at a time. Throws DamagedInput `truncated_zip`, `corrupt_zip`, `zip_too_large`; a file that is encrypted
 * or packed in a rare way throws `unreadable_zip` when it is read.
 */
export async function* zipMembers(chunks: AsyncIterable<Uint8Array>, budget: UnpackBudget): AsyncGenerator<Member> {
  const file = await whole(chunks);
  for (const entry of directoryOf(file)) {
    if (!entry.name.endsWith("/")) yield { name: entry.name, chunks: contentOf(file, entry, budget) };
  }
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > LARGEST_ZIP) throw new DamagedInput("zip_too_large");
    parts.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(parts);
}

interface Entry {
  readonly name: string;
  readonly encrypted: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** The central directory. [APPNOTE.TXT 4.3] */
function directoryOf(file: Buffer): Entry[] {
  try {
    const end = findEnd(file);
    let at = file.readUInt32LE(end + 16);
    let count = file.readUInt16LE(end + 10);
    if (end >= 20 && file.readUInt32LE(end - 20) === END64_LOCATOR) {
      const end64 = Number(file.readBigUInt64LE(end - 12));
      count = Number(file.readBigUInt64LE(end64 + 32));
      at = Number(file.readBigUInt64LE(end64 + 48));
    }
    const entries: Entry[] = [];
    for (; entries.length < count;) {
      if (file.readUInt32LE(at) !== ENTRY) throw new DamagedInput("corrupt_zip");
      const nameBytes = file.readUInt16LE(at + 28);
      const extraBytes = file.readUInt16LE(at + 30);
      const extra = file.subarray(at + ENTRY_BYTES + nameBytes, at + ENTRY_BYTES + nameBytes + extraBytes);
      const [size, packed, offset] = wideNumbers(extra, [
        file.readUInt32LE(at + 24),
        file.readUInt32LE(at + 20),
        file.readUInt32LE(at + 42),
      ]);
      entries.push({
        name: file.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes),
        encrypted: (file.readUInt16LE(at + 8) & 1) === 1,
        method: file.readUInt16LE(at + 10),
        crc: file.readUInt32LE(at + 16),
        packed,
        size,
        offset,
      });
      at += ENTRY_BYTES + nameBytes + extraBytes + file.readUInt16LE(at + 32);
    }
    return entries;
  } catch (error) {
    if (error instanceof RangeError) throw new DamagedInput("corrupt_zip", error);
    throw error;
  }
}

/** A comment of up to 64 KiB may follow the end record. */
function findEnd(file: Buffer): number {
  for (let at = file.length - END_BYTES; at >= Math.max(0, file.length - END_BYTES - 0xffff); at--) {
    if (file.readUInt32LE(at) === END) return at;
  }
  throw new DamagedInput("truncated_zip");
}

/** Numbers that do not fit stand in an extra field, in this order (Zip64). */
function wideNumbers(extra: Buffer, numbers: number[]): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let from = at + 4;
    return numbers.map((number) => {
      if (number !== 0xffffffff) return number;
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    });
  }
  return numbers;
}

async function* contentOf(file: Buffer, entry: Entry, budget: UnpackBudget): AsyncGenerator<Uint8Array> {
  const { offset, packed, method, encrypted } = entry;
  if (encrypted || (method !== STORED && method !== DEFLATED)) throw new DamagedInput("unreadable_zip");
  if (offset + LOCAL_BYTES > file.length || file.readUInt32LE(offset) !== LOCAL) throw new DamagedInput("corrupt_zip");
  const from = offset + LOCAL_BYTES + file.readUInt16LE(offset + 26) + file.readUInt16LE(offset + 28);
  const content = file.subarray(from, from + packed);
  if (content.length < packed) throw new DamagedInput("truncated_zip");
  const guard = createRatioGuard(budget);
  guard.took(packed);
  let crc = 0;
  try {
    for await (const chunk of method === STORED ? pieces(content) : inflated(content)) {
      guard.gave(chunk.length);
      crc = crc32(chunk, crc);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
      throw new DamagedInput("corrupt_zip", error);
    throw error;
  }
  if (crc !== entry.crc) throw new DamagedInput("corrupt_zip");
}

async function* inflated(content: Buffer): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: 1 << 18 });
  const output = chunksOf(inflate);
  pipeline(Readable.from(pieces(content)), inflate, () => {});
  try {
    yield* output;
  } finally {
    inflate.destroy();
  }
}

function* pieces(content: Buffer): Generator<Uint8Array> {
  for (let from = 0; from < content.length; from += PIECE) yield content.subarray(from, from + PIECE);
}
