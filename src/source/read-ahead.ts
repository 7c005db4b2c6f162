import { Readable } from "node:stream";
import { openObject } from "./open.ts";
import type { OpenContext, SourceObject } from "./source.ts";

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
