// Loops arranged for V8 and for the processor. test/bench/README.md has the figures ("V8", "The processor"): chunked
// loops took compiling from 1.49 s to 0.88 s in a replay of 2 M records, prefetching took connection lookups from 323 ms
// to 214 ms.

/** Iterations that one call of a chunked loop makes at most. */
export const CHUNK = 1 << 10;
/** The first chunk is short: V8 has then seen what follows the loop before it compiles it. */
const FIRST_CHUNK = 1 << 4;

/**
 * Runs a long loop in chunks: `part` handles `[from, to)`. V8 compiles a long-running loop in its middle, throws that code
 * away at its end, and compiles it again for the next call. A function that is called often is compiled once.
 */
export function forEachChunk(count: number, part: (from: number, to: number) => void): void {
  for (let from = 0, to = FIRST_CHUNK; from < count; from = to, to += CHUNK) part(from, Math.min(to, count));
}

const kept = new Float64Array(1);

/**
 * Ends a prefetching loop. Such a loop is short and only reads, so that the processor has many reads under way at once;
 * the loop that does the work then finds everything in the cache, instead of waiting for each read in turn. `sum` of what
 * was read is kept, or the compiler would remove the reads.
 */
export function keepPrefetched(sum: number): void {
  kept[0] = sum;
}
