import { propertySeed } from "../../helpers/seed.ts";

/**
 * How often a property is tried, and from where: `FLOWREPLAY_SEED` repeats the draws of a run, with `FLOWREPLAY_PATH` (a
 * failure prints both) the one that failed; a path is of one property, so run that alone. `FLOWREPLAY_RUNS` multiplies
 * their number.
 */
export interface Runs {
  /** For the name of a test, so that the seed is in every report. */
  readonly name: string;
  readonly count: number;
  readonly parameters: {
    readonly seed: number;
    readonly path?: string;
    readonly endOnFailure?: boolean;
    readonly numRuns: number;
  };
}

export function runs(count: number): Runs {
  const { FLOWREPLAY_PATH, FLOWREPLAY_RUNS = "1" } = process.env;
  const seed = propertySeed() ?? (Math.random() * 0x7fffffff) | 0;
  const numRuns = FLOWREPLAY_PATH === undefined ? Math.ceil(count * Number(FLOWREPLAY_RUNS)) : 1;
  const path = FLOWREPLAY_PATH === undefined ? {} : { path: FLOWREPLAY_PATH, endOnFailure: true };
  return { name: `seed ${seed}`, count: numRuns, parameters: { seed, numRuns, ...path } };
}
