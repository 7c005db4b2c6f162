import { Readable } from "node:stream";

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
