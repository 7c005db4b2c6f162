/** Turns of a loop that one call makes at the most. */
export const STEP = 1 << 10;
/** Turns of the first call: it is over before anything is compiled, and has shown what comes behind the loop. */
const FIRST_STEP = 1 << 4;

/**
 * A long loop, cut: `part` does the turns `[from, to)`. V8 compiles a function that loops for long in the midst of its
 * loop, before it has seen what comes behind it, then gives the result up there, and compiles it all again for the next
 * call. One that is called often is compiled once.
 */
export function forEachChunk(turns: number, part: (from: number, to: number) => void): void {
  for (let from = 0, to = FIRST_STEP; from < turns; from = to, to += STEP) part(from, Math.min(to, turns));
}
