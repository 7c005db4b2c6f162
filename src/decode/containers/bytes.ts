import { DamagedInput } from "./limits.ts";

/** Takes bytes off a stream, a given number at a time. */
export interface ByteReader {
  /** The next `count` bytes; null at the end of the stream. Throws DamagedInput of `damage` where it ends before that. */
  take(count: number): Promise<Uint8Array | null>;
  /** The next `count` bytes as they come, in chunks. What the consumer leaves is skipped by `skip`. */
  stream(count: number): AsyncGenerator<Uint8Array>;
  /** Skips what is left of the last `stream`, and `count` bytes more. */
  skip(count: number): Promise<void>;
}

export function createByteReader(chunks: AsyncIterable<Uint8Array>, damage: string): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let streaming = 0;
  // One error, however often it is met, so that it is reported once.
  const cutOff = new DamagedInput(damage);
  let failure: { readonly error: unknown } | null = null;

  /** Up to `most` bytes that have come; null at the end. */
  const some = async (most: number): Promise<Uint8Array | null> => {
    while (rest.length === 0) {
      if (failure !== null) throw failure.error;
      const next = await iterator.next().catch((error: unknown) => {
        failure = { error };
        throw error;
      });
      if (next.done) return null;
      rest = next.value;
    }
    const taken = rest.subarray(0, most);
    rest = rest.subarray(taken.length);
    return taken;
  };

  return {
    async take(count) {
      const bytes = new Uint8Array(count);
      for (let used = 0; used < count;) {
        const part = await some(count - used);
        if (part === null && used === 0) return null;
        if (part === null) throw cutOff;
        bytes.set(part, used);
        used += part.length;
      }
      return bytes;
    },
    stream(count) {
      streaming = count;
      return (async function* () {
        while (streaming > 0) {
          const part = await some(streaming);
          if (part === null) throw cutOff;
          streaming -= part.length;
          yield part;
        }
      })();
    },
    async skip(count) {
      for (let left = streaming + count; left > 0;) {
        const part = await some(left);
        if (part === null) throw cutOff;
        left -= part.length;
      }
      streaming = 0;
    },
  };
}
