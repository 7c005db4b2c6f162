import * as fc from "fast-check";

/** With `FLOWREPLAY_SEED` every property draws the same cases again; without, its own, and a failure prints the seed. */
const { FLOWREPLAY_SEED } = process.env;
if (FLOWREPLAY_SEED !== undefined) fc.configureGlobal({ seed: Number(FLOWREPLAY_SEED) });
