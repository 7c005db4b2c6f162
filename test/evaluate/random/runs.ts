/**
 * How often a property is tried, and from where: `FLOWREPLAY_SEED` (and `FLOWREPLAY_PATH`, which a failure prints with it)
 * repeats one draw, `FLOWREPLAY_RUNS` multiplies their number.
 */
export interface Runs {
  /** For the name of a test, so that the seed is in every report. */
  readonly name: string;
  readonly count: number;
  readonly parameters: { readonly seed: number; readonly path?: string; readonly numRuns: number };
}

export function runs(count: number): Runs {
  const { FLOWREPLAY_SEED, FLOWREPLAY_PATH, FLOWREPLAY_RUNS = "1" } = process.env;
  const seed = FLOWREPLAY_SEED === undefined ? (Math.random() * 0x7fffffff) | 0 : Number(FLOWREPLAY_SEED);
  const numRuns = Math.ceil(count * Number(FLOWREPLAY_RUNS));
  const path = FLOWREPLAY_PATH === undefined ? {} : { path: FLOWREPLAY_PATH };
  return { name: `seed ${seed}`, count: numRuns, parameters: { seed, numRuns, ...path } };
}
