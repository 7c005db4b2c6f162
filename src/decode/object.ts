import type { DecoderOptions, DecodeSink, DecodeTotals, ObjectDecoder } from "./decoder.ts";
import { DamagedInput, inflate } from "./inflate.ts";
import { PERMISSION_CHECK } from "./line-decoder.ts";
import { createTextDecoder } from "./text.ts";

export interface DecodeObjectOptions extends DecoderOptions {
  readonly sink: DecodeSink & {
    /** Awaited between chunks: resolves when the consumer wants more. */
    ready?(): Promise<void>;
  };
  /** Limit of an object's unpacked size, default MAX_INFLATED_BYTES. */
  readonly maxInflatedBytes?: number;
}

/** Bytes looked at to tell the format: at least the first line, unless it is longer. */
const HEAD_BYTES = 1 << 16;
/** Subscriptions deliver gzip, which Firehose may pack once more. */
const MAX_GZIP_LAYERS = 2;
const EMPTY = new Uint8Array(0);
const PARQUET = Buffer.from("PAR1");

/**
 * Decodes one object, whatever its format, which its first bytes tell. Damage is never fatal: a truncated or corrupt
 * object gives its records up to there and one bad line for the rest. Rejects only when `chunks` does.
 */
export async function decodeObject(
  chunks: AsyncIterable<Uint8Array>,
  options: DecodeObjectOptions,
): Promise<DecodeTotals> {
  let decoder: ObjectDecoder | null = null;
  try {
    let input = await peek(chunks, HEAD_BYTES);
    // AWS tries its permission by writing these words; a concatenated export begins with them.
    if (isGzip(afterPermissionCheck(input.head)))
      input = await peek(skip(input.chunks, PERMISSION_CHECK.length), HEAD_BYTES);
    for (let layer = 0; layer < MAX_GZIP_LAYERS && isGzip(input.head); layer++) {
      input = await peek(inflate(input.chunks, options.maxInflatedBytes), HEAD_BYTES);
    }
    decoder = await createDecoder(input.head, options);
    for await (const chunk of input.chunks) {
      decoder.push(chunk);
      await options.sink.ready?.();
    }
    await decoder.finish();
  } catch (error) {
    if (!(error instanceof DamagedInput)) throw error;
    decoder ??= createTextDecoder(options);
    decoder.abort(error.reason);
  }
  return decoder.totals();
}

/** The formats that few objects have are loaded when they are met. */
async function createDecoder(head: Uint8Array, options: DecodeObjectOptions): Promise<ObjectDecoder> {
  if (PARQUET.every((byte, index) => head[index] === byte)) {
    const { createParquetDecoder } = await import("./parquet.ts");
    return createParquetDecoder({ ...options, ready: () => options.sink.ready?.() ?? Promise.resolve() });
  }
  const text = new TextDecoder("latin1")
    .decode(head)
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .trimStart();
  if (text.startsWith("{") || text.startsWith("[")) {
    const { createJsonDecoder } = await import("./json.ts");
    return createJsonDecoder(options);
  }
  const newline = text.indexOf("\n");
  const firstLine = newline < 0 ? text : text.slice(0, newline);
  if (/[,;"@]/.test(firstLine)) {
    const { createCsvDecoder, csvDialectOf } = await import("./csv.ts");
    const dialect = csvDialectOf(firstLine, options.fields);
    if (dialect) return createCsvDecoder(options, dialect);
  }
  return createTextDecoder(options);
}

function afterPermissionCheck(head: Uint8Array): Uint8Array {
  return PERMISSION_CHECK.every((byte, index) => head[index] === byte) ? head.subarray(PERMISSION_CHECK.length) : EMPTY;
}

async function* skip(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

function isGzip(head: Uint8Array): boolean {
  return head.length > 2 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}

interface Peeked {
  /** The first bytes: up to `bytes`, or until they hold a line that is not blank. Shorter only when the input is. */
  readonly head: Uint8Array;
  /** All chunks, the ones looked at included. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Reads the beginning of an input without taking it away. An error behind the beginning is met when it is reached. */
async function peek(input: AsyncIterable<Uint8Array>, bytes: number): Promise<Peeked> {
  const iterator = input[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let length = 0;
  let done = false;
  let failure: { error: unknown } | null = null;
  while (length < bytes) {
    try {
      const next = await iterator.next();
      if (next.done) {
        done = true;
        break;
      }
      // A copy: the source may reuse its buffer.
      read.push(Uint8Array.from(next.value));
      length += next.value.length;
      if (holdsLine(read)) break;
    } catch (error) {
      failure = { error };
      break;
    }
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield* read;
      if (failure) throw failure.error;
      if (done) return;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(read), chunks: chunks() };
}

function holdsLine(parts: readonly Uint8Array[]): boolean {
  let begun = false;
  for (const part of parts) {
    for (const byte of part) {
      if (byte === 10 && begun) return true;
      if (byte > 32) begun = true;
    }
  }
  return false;
}
