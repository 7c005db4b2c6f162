import * as fc from "fast-check";

/**
 * `FLOWREPLAY_SEED` repeats the draws of a run. `FLOWREPLAY_PROPERTY_SEED` is for properties alone (CI has another for each
 * commit): made-up networks and moments to kill at keep their own.
 */
export function propertySeed(): number | undefined {
  const { FLOWREPLAY_SEED, FLOWREPLAY_PROPERTY_SEED } = process.env;
  const seed = FLOWREPLAY_SEED ?? FLOWREPLAY_PROPERTY_SEED;
  return seed === undefined ? undefined : Number(seed);
}

// For every property; without a seed each draws its own, and a failure prints it.
const seed = propertySeed();
if (seed !== undefined) fc.configureGlobal({ seed });
