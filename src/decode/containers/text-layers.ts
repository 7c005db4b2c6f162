import { StringDecoder } from "node:string_decoder";
import type { Unpack } from "./streams.ts";

const ENCODER = new TextEncoder();

/** Text of two bytes a character as UTF-8, without its byte order mark. */
export function unpackUtf16(encoding: "utf-16le" | "utf-16be"): Unpack {
  return async function* (chunks, budget) {
    const decoder = new TextDecoder(encoding);
    for await (const chunk of chunks) {
      const bytes = ENCODER.encode(decoder.decode(chunk, { stream: true }));
      budget.spend(bytes.length);
      yield bytes;
    }
    yield ENCODER.encode(decoder.decode());
  };
}

/** Base64 of gzip begins like this. */
const GZIP_WORD = "H4sI";
const LONGEST_BLOB = 64 * 2 ** 20;
/** Characters of a line that goes on in the next one (MIME, PEM). */
const WRAPPED = new Set([76, 64]);

/**
 * Base64, one blob a line or wrapped. Blobs that follow each other are joined: packed ones as members of one gzip, others
 * with a line end between them.
 */
export const unpackBase64: Unpack = async function* (chunks, budget) {
  const utf8 = new StringDecoder("latin1");
  let blob = "";
  let line = "";
  const flush = function* (): Generator<Uint8Array> {
    if (blob === "") return;
    const bytes = Buffer.from(blob, "base64");
    const isPacked = blob.startsWith(GZIP_WORD);
    blob = "";
    budget.spend(bytes.length);
    yield bytes;
    if (!isPacked) yield ENCODER.encode("\n");
  };
  for await (const chunk of chunks) {
    const words = (line + utf8.write(Buffer.from(chunk))).split(/\s+/);
    line = words.pop()!;
    for (const word of words) {
      if (word.startsWith(GZIP_WORD)) yield* flush();
      blob += word;
      if (!WRAPPED.has(word.length) || blob.length > LONGEST_BLOB) yield* flush();
    }
  }
  if (line.startsWith(GZIP_WORD)) yield* flush();
  blob += line;
  yield* flush();
};
