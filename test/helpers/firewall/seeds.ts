/**
 * Seeds of a run: the same few in every run of the suite, `FLOWREPLAY_RUNS` new ones (`npm run test:firewall`), or
 * `FLOWREPLAY_SEED` alone.
 */
export function seeds(usual: number): readonly number[] {
  const { FLOWREPLAY_SEED: fixed, FLOWREPLAY_RUNS: count } = process.env;
  if (fixed !== undefined) return [Number(fixed)];
  const first = count === undefined ? 1 : Date.now() % 1_000_000;
  return Array.from({ length: Number(count ?? usual) }, (_, at) => first + at);
}
