export interface Peeked {
  /** The first bytes: up to `bytes`, or until they hold a line that is not blank. Shorter only when the input is. */
  readonly head: Uint8Array;
  /** All chunks, the ones looked at included. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Headers of archives are as long as this. */
const SHORTEST_HEAD = 512;

/** Reads the beginning of an input without taking it away. An error behind the beginning is met when it is reached. */
export async function peek(input: AsyncIterable<Uint8Array>, bytes: number): Promise<Peeked> {
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
      if (length >= SHORTEST_HEAD && holdsLine(read)) break;
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

/** An input without its first bytes. */
export async function* skip(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
