import { type BigIntStats, createReadStream, fstatSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { addAbortSignal, Readable } from "node:stream";
import { AppError } from "../errors.ts";
import { readCloudWatch } from "./cloudwatch-read.ts";
import { fingerprint, unreadable } from "./files.ts";
import { readS3 } from "./s3.ts";
import { isPipe, type OpenContext, type SourceObject } from "./source.ts";

/** Bytes a read call asks for. From the page cache, Node 20: 64 KiB 1.7 GB/s, 256 KiB 4.4, 1 MiB 7.3, 4 MiB 5.4. */
const CHUNK = 1024 * 1024;

/**
 * The bytes of an object as they are stored (compressed ones stay compressed), in order, each chunk a buffer of its
 * own. Works in any thread. Every byte arrives once or an error is thrown: a cut transfer is never a short object.
 * @throws AppError E_SOURCE naming the object.
 */
export function openObject(object: SourceObject, context: OpenContext): AsyncIterable<Uint8Array> {
  const { locator } = object;
  switch (locator.kind) {
    case "file":
      return isPipe(object) ? readPipe(object, locator.path, context) : readFile(object, locator.path, context);
    case "stdin":
      return readStdin(object, context);
    case "s3":
      return readS3(object, locator, context);
    case "cloudwatch":
      return readCloudWatch(object, locator, context);
  }
}

async function* readFile(object: SourceObject, path: string, { signal }: OpenContext): AsyncGenerator<Uint8Array> {
  const size = object.size!;
  const file = await open(path).catch((error: unknown) => Promise.reject(unreadable(object.name, error)));
  try {
    await assertUnchanged(object, () => file.stat({ bigint: true }));
    let read = 0;
    while (read < size) {
      signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK, size - read));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, read).catch((error: unknown) => {
        throw unreadable(object.name, error);
      });
      if (bytesRead === 0) throw changed(object);
      read += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    // By path, not by handle: a file that was replaced or deleted meanwhile is not the one that was planned.
    await assertUnchanged(object, () => stat(path, { bigint: true }));
  } finally {
    await file.close();
  }
}

async function assertUnchanged(object: SourceObject, look: () => Promise<BigIntStats>): Promise<void> {
  const stats = await look().catch((error: unknown) => Promise.reject(unreadable(object.name, error)));
  if (object.etag !== null && fingerprint(stats) !== object.etag) throw changed(object);
}

function changed(object: SourceObject): AppError {
  return new AppError("E_SOURCE", `${object.name} changed while it was read`, {
    hint: "nothing of it was stored; replay again when it is complete",
  });
}

/** A named pipe, opened when its turn comes: opening waits for the other end, and a process cannot end while it waits. */
async function* readPipe(object: SourceObject, path: string, context: OpenContext): AsyncGenerator<Uint8Array> {
  yield* drain(object, createReadStream(path, { highWaterMark: CHUNK }), context);
}

/**
 * A pipe on descriptor 0 is read through a socket: a file stream would block a thread in read(2), and a process that
 * was told to stop would hang until the other end writes again.
 */
async function* readStdin(object: SourceObject, context: OpenContext): AsyncGenerator<Uint8Array> {
  const stats = fstatSync(0);
  const stream =
    stats.isFIFO() || stats.isSocket()
      ? new Socket({ fd: 0, readable: true, writable: false })
      : createReadStream("", { fd: 0, autoClose: false, highWaterMark: CHUNK });
  yield* drain(object, stream, context);
}

async function* drain(object: SourceObject, stream: Readable, { signal }: OpenContext): AsyncGenerator<Uint8Array> {
  if (signal) addAbortSignal(signal, stream);
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(object.name, error);
  }
}

/** Downloads that a reader starts before their turn. The first byte from S3 takes longer than a small object's records. */
export const DOWNLOADS_AHEAD = 4;
/** Of each, 64 KiB at most a chunk. */
const CHUNKS_AHEAD = 16;

/** Whether `openAhead` has anything to gain from being called before the object's turn. */
export function isDownload({ locator }: SourceObject): boolean {
  return locator.kind === "s3";
}

/** `openObject` for an object whose turn is yet to come: a download starts now. To be read, or ended by the signal. */
export function openAhead(object: SourceObject, context: OpenContext): AsyncIterable<Uint8Array> {
  const chunks = openObject(object, context);
  return isDownload(object) ? readAhead(chunks, CHUNKS_AHEAD) : chunks;
}

/**
 * Starts to read at once and holds up to `chunks` chunks until they are asked for. So the download of the next object
 * hides behind the work on this one, with memory bounded. Its error is thrown to whoever reads; whoever leaves the
 * loop early ends the reading below. To be read or destroyed, never dropped.
 */
export function readAhead(source: AsyncIterable<Uint8Array>, chunks: number): Readable & AsyncIterable<Uint8Array> {
  const stream = Readable.from(source, { objectMode: true, highWaterMark: chunks });
  // An error that comes before the reader does is kept by the stream; without a listener it would end the process.
  stream.on("error", () => {});
  stream.read(0);
  return stream;
}
