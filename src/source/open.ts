import { Readable } from "node:stream";
import type { OpenContext, SourceObject } from "./source.ts";
import { kindOfObject } from "./table.ts";

/** Objects that a reader begins to download before their turn: S3's first byte takes longer than a small object's records. */
export const PREFETCHED_OBJECTS = 4;
/** Chunks held of each; a chunk from S3 has 64 KiB at most. */
const PREFETCHED_CHUNKS = 16;

/** The bytes of an object (`SourceKind.open`). Works in any thread. */
export function openObject(object: SourceObject, context: OpenContext): AsyncIterable<Uint8Array> {
  const { name, open } = kindOfObject(object);
  if (open === undefined) throw new Error(`an object of kind ${name} has no bytes`);
  return open(object, context);
}

/** `openObject` for an object whose turn is yet to come: a download starts now. To be read, or ended by the signal. */
export function openAhead(object: SourceObject, context: OpenContext): AsyncIterable<Uint8Array> {
  const chunks = openObject(object, context);
  return kindOfObject(object).prefetches ? prefetch(chunks, PREFETCHED_CHUNKS) : chunks;
}

/**
 * Starts to read at once and holds up to `chunks` chunks until they are asked for. So the download of the next object
 * hides behind the work on this one, with memory bounded. Whoever reads gets its error; whoever leaves the loop early
 * ends the reading below. To be read or destroyed, never dropped.
 * @internal
 */
export function prefetch(source: AsyncIterable<Uint8Array>, chunks: number): Readable & AsyncIterable<Uint8Array> {
  const stream = Readable.from(source, { objectMode: true, highWaterMark: chunks });
  // An error that comes before the reader does is kept by the stream; without a listener it would end the process.
  stream.on("error", () => {});
  stream.read(0);
  return stream;
}
