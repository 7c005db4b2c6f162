/**
 * What an object is packed in, by its first bytes. Its name does not matter: an object is never taken for text because its
 * name says so.
 */
export type Container =
  /** One stream of bytes that stands for another. */
  | { readonly kind: "gzip" | "zstd" | "bzip2" | "xz" | "utf16le" | "utf16be" | "base64" }
  /** Many members. */
  | { readonly kind: "tar" | "zip" }
  /** Recognised and not read; `what` says it in words. */
  | { readonly kind: "foreign"; readonly what: string };

type Kind = Container["kind"];

interface Signature {
  readonly kind: Kind;
  readonly what: string;
  readonly at?: number;
  readonly bytes: readonly number[];
}

const ascii = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
const foreign = (what: string, bytes: readonly number[], at = 0): Signature => ({ kind: "foreign", what, bytes, at });
const read = (kind: Kind, bytes: readonly number[]): Signature => ({ kind, what: kind, bytes });

const SIGNATURES: readonly Signature[] = [
  read("gzip", [0x1f, 0x8b, 0x08]),
  read("zstd", [0x28, 0xb5, 0x2f, 0xfd]),
  read("bzip2", ascii("BZh")),
  read("xz", [0xfd, ...ascii("7zXZ"), 0]),
  read("zip", [...ascii("PK"), 3, 4]),
  read("zip", [...ascii("PK"), 5, 6]),
  foreign("UTF-32 text", [0xff, 0xfe, 0, 0]),
  foreign("UTF-32 text", [0, 0, 0xfe, 0xff]),
  read("utf16le", [0xff, 0xfe]),
  read("utf16be", [0xfe, 0xff]),
  foreign("a 7z archive", [...ascii("7z"), 0xbc, 0xaf, 0x27, 0x1c]),
  foreign("a RAR archive", [...ascii("Rar!"), 0x1a, 0x07]),
  foreign("LZ4-compressed", [0x04, 0x22, 0x4d, 0x18]),
  foreign("Snappy-compressed", [0xff, 0x06, 0, 0, ...ascii("sNaPpY")]),
  foreign("lzip-compressed", [...ascii("LZIP"), 1]),
  foreign("LZMA-compressed", [0x5d, 0, 0]),
  foreign("compressed with compress (.Z)", [0x1f, 0x9d]),
  foreign("an ORC file", ascii("ORC")),
  foreign("an Avro file", [...ascii("Obj"), 1]),
  foreign("an Arrow file", ascii("ARROW1")),
  foreign("an encrypted Parquet file", ascii("PARE")),
  foreign("a DuckDB file", ascii("DUCK"), 8),
  foreign("a SQLite file", [...ascii("SQLite format 3"), 0]),
  foreign("a packet capture", [0xd4, 0xc3, 0xb2, 0xa1]),
  foreign("a packet capture", [0xa1, 0xb2, 0xc3, 0xd4]),
  foreign("a packet capture", [0x0a, 0x0d, 0x0d, 0x0a]),
  foreign("a PDF file", ascii("%PDF-")),
  foreign("an old Excel workbook", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
];

/** Null for what is no container: text, JSON, CSV, Parquet. */
export function containerOf(head: Uint8Array): Container | null {
  const found = SIGNATURES.find(({ bytes, at = 0 }) => bytes.every((byte, index) => head[at + index] === byte));
  // Text may begin with BZh or ORC; what packs bytes holds some that text does not.
  if (found !== undefined && (found.bytes.some((byte) => byte < 32 || byte > 126) || isBinary(head))) {
    return found.kind === "foreign" ? { kind: "foreign", what: found.what } : { kind: found.kind };
  }
  if (isTarHeader(head)) return { kind: "tar" };
  const wide = wideText(head);
  if (wide !== null) return { kind: wide };
  if (isBase64(head)) return { kind: "base64" };
  return null;
}

/** How many of the first bytes are looked at: a line, but not a very short one. */
const SAMPLE = 512;
const SHORTEST_SAMPLE = 32;
/** Which part of them may be binary in text that is damaged. */
const MOST_BINARY = 0.2;
const REPLACEMENT = 0xfffd;

/** Whether the first bytes are of no text: too many of them are control characters, or no UTF-8. */
export function isBinary(head: Uint8Array): boolean {
  const newline = head.indexOf(10, SHORTEST_SAMPLE);
  const end = newline < 0 ? SAMPLE : Math.min(newline, SAMPLE);
  // The cut may halve a character, which the decoder keeps for later.
  const sample = new TextDecoder().decode(head.subarray(0, end), { stream: true });
  let binary = 0;
  for (const char of sample) {
    const code = char.charCodeAt(0);
    if ((code < 32 && !isBlank(code)) || (code > 126 && code < 160) || code === REPLACEMENT) binary++;
  }
  return binary > sample.length * MOST_BINARY;
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

const TAR_BLOCK = 512;
const CHECKSUM_FROM = 148;
const CHECKSUM_TO = 156;

/** A header of tar carries the sum of its own bytes; so do those of writers older than `ustar`. */
export function isTarHeader(head: Uint8Array): boolean {
  if (head.length < TAR_BLOCK || head[0] === 0) return false;
  const stated = /^ *([0-7]+)[ \0]/.exec(Buffer.from(head.subarray(CHECKSUM_FROM, CHECKSUM_TO + 1)).toString("latin1"));
  if (stated === null) return false;
  let sum = 0;
  for (let at = 0; at < TAR_BLOCK; at++) sum += at >= CHECKSUM_FROM && at < CHECKSUM_TO ? 32 : head[at];
  return sum === parseInt(stated[1], 8);
}

/** Text of two bytes a character without a byte order mark: every other byte of its ASCII characters is zero. */
function wideText(head: Uint8Array): "utf16le" | "utf16be" | null {
  const sample = head.subarray(0, 64);
  if (sample.length < 16) return null;
  const zeros = (first: number): boolean => {
    for (let at = first; at < sample.length; at += 2) if (sample[at] !== 0) return false;
    for (let at = 1 - first; at < sample.length; at += 2) if (sample[at] < 9 || sample[at] > 126) return false;
    return true;
  };
  return zeros(1) ? "utf16le" : zeros(0) ? "utf16be" : null;
}

/** Shorter words are words. */
const SHORTEST_BASE64 = 40;

/** Whether the first line is one word of base64 that stands for gzip, JSON or several words of text. */
function isBase64(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString("latin1").trimStart();
  const word = /^[A-Za-z0-9+/]+={0,2}(?=\s|$)/.exec(text)?.[0];
  if (word === undefined || word.length < SHORTEST_BASE64) return false;
  const bytes = Buffer.from(word.slice(0, SHORTEST_BASE64), "base64");
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return true;
  return !isBinary(bytes) && /^\s*[[{]|\S\s+\S/.test(bytes.toString("latin1"));
}
