/** Seeds of a run: `FLOWREPLAY_SEED` alone, or `FLOWREPLAY_RUNS` of them (a handful in the suite), new ones each time. */
export function seeds(usual: number): readonly number[] {
  const { FLOWREPLAY_SEED: fixed, FLOWREPLAY_RUNS: count } = process.env;
  if (fixed !== undefined) return [Number(fixed)];
  const first = Date.now() % 1_000_000;
  return Array.from({ length: Number(count ?? usual) }, (_, at) => first + at);
}
