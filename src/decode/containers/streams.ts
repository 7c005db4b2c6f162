import { createRatioGuard, DamagedInput, type UnpackBudget } from "./limits.ts";

/** Unpacks a stream that is one thing packed. */
export type Unpack = (chunks: AsyncIterable<Uint8Array>, budget: UnpackBudget) => AsyncGenerator<Uint8Array>;

/** Any error of the unpacker as damage of the input; an error of the source passes as it is. */
function damagedAs(reason: string, unpack: Unpack): Unpack {
  return async function* (chunks, budget) {
    const guard = createRatioGuard(budget);
    let failure: { error: unknown } | null = null;
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of chunks) {
          guard.took(chunk.length);
          yield chunk;
        }
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
    try {
      for await (const chunk of unpack(watched(), budget)) {
        guard.gave(chunk.length);
        yield chunk;
      }
    } catch (error) {
      if (failure !== null) throw (failure as { error: unknown }).error;
      throw error instanceof DamagedInput ? error : new DamagedInput(reason, error);
    }
  };
}

/** Bytes given to fzstd at a time: what they unpack to is held until it has been taken. */
const ZSTD_PIECE = 1 << 16;

/** zstd of any number of frames. Checksums are not compared: fzstd leaves them out. */
export const unpackZstd: Unpack = damagedAs("corrupt_zstd", async function* (chunks) {
  const { Decompress } = await import("fzstd");
  const waiting: Uint8Array[] = [];
  const decompress = new Decompress((chunk) => {
    if (chunk.length > 0) waiting.push(chunk);
  });
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += ZSTD_PIECE) {
      // A copy: fzstd keeps what it cannot take yet.
      decompress.push(Uint8Array.from(chunk.subarray(from, from + ZSTD_PIECE)));
      yield* waiting.splice(0);
    }
  }
  decompress.push(new Uint8Array(0), true);
  yield* waiting.splice(0);
});

/** bzip2 of any number of streams, a block of up to 900 kB at a time. */
export const unpackBzip2: Unpack = damagedAs("corrupt_bzip2", async function* (chunks) {
  const { default: unbzip2 } = await import("unbzip2-stream");
  const waiting: Uint8Array[] = [];
  let failure: unknown = null;
  // A stream of the kind that works within the call of `write`.
  const stream = unbzip2();
  stream.on("data", (chunk: Uint8Array) => void waiting.push(chunk));
  stream.on("error", (error: unknown) => void (failure ??= error));
  for await (const chunk of chunks) {
    // A copy: it keeps what it cannot take yet.
    stream.write(Buffer.from(chunk));
    yield* waiting.splice(0);
    if (failure !== null) throw failure;
  }
  stream.end();
  yield* waiting.splice(0);
  if (failure !== null) throw failure;
});

/** xz of any number of streams; the library takes one. */
export const unpackXz: Unpack = damagedAs("corrupt_xz", async function* (chunks) {
  // CommonJS, whose exports Node does not tell by name.
  const { default: xz } = (await import("xz-decompress")) as unknown as { default: typeof import("xz-decompress") };
  for await (const stream of xzStreams(chunks)) {
    const input = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await stream.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
    const output = new xz.XzReadableStream(input).getReader();
    try {
      for (let next = await output.read(); !next.done; next = await output.read()) {
        if (next.value.length > 0) yield next.value;
      }
    } finally {
      // One context serves all streams, so each must be ended.
      await output.cancel().catch(() => undefined);
    }
  }
});

/** The magic bytes of a stream's footer and of the header that follows it. [The .xz File Format 2.1] */
const XZ_SEAM = Buffer.from([0x59, 0x5a, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const XZ_FOOTER_MAGIC = 2;

/** Cuts streams that follow each other apart. Each is to be read to its end before the next. */
async function* xzStreams(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<AsyncGenerator<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  let done = false;
  let seam = -1;
  async function* one(): AsyncGenerator<Uint8Array> {
    for (;;) {
      seam = held.indexOf(XZ_SEAM);
      if (seam >= 0) {
        yield Uint8Array.from(held.subarray(0, seam + XZ_FOOTER_MAGIC));
        held = held.subarray(seam + XZ_FOOTER_MAGIC);
        return;
      }
      const ready = done ? held.length : held.length - XZ_SEAM.length + 1;
      if (ready > 0) {
        yield Uint8Array.from(held.subarray(0, ready));
        held = held.subarray(ready);
      }
      if (done) return;
      const next = await iterator.next();
      if (next.done) done = true;
      else held = Buffer.concat([held, next.value]);
    }
  }
  do yield one();
  while (seam >= 0);
}
