import { createRandom } from "../../bench/generate/random.ts";

/** Random choices of a seed. */
export interface Chance {
  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** A number in [least, most). */
  within(least: number, most: number): number;
  pick<T>(list: readonly T[]): T;
  /** True in `percent` of a hundred cases. */
  often(percent: number): boolean;
  shuffled<T>(list: readonly T[]): T[];
}

export function createChance(seed: number): Chance {
  const { below } = createRandom(seed);
  const between = (least: number, most: number): number => least + below(most - least + 1);
  return {
    between,
    within: (least, most) => least + (below(1_000_000) / 1_000_000) * (most - least),
    pick: (list) => list[below(list.length)],
    often: (percent) => below(1000) < percent * 10,
    shuffled(list) {
      const rest = [...list];
      for (let at = rest.length - 1; at > 0; at--) {
        const other = below(at + 1);
        [rest[at], rest[other]] = [rest[other], rest[at]];
      }
      return rest;
    },
  };
}
