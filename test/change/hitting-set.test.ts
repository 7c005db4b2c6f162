import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Constraint, smallestHittingSet } from "../../src/change/hitting-set.ts";

const meets = (keep: ReadonlySet<number>, constraints: readonly Constraint[]): boolean =>
  constraints.every((one) => one.some((element) => keep.has(element)));

const constraintsOf = (elements: number): fc.Arbitrary<number[][]> =>
  fc.array(fc.uniqueArray(fc.nat(elements - 1), { minLength: 1, maxLength: 4 }), { maxLength: 12 });

/** The least number of elements, and of those choices the least cost: by trying all. */
function bruteForce(
  constraints: readonly Constraint[],
  elements: number,
  cost: (element: number) => number,
): [number, number] {
  let best: [number, number] = [Infinity, Infinity];
  for (let mask = 0; mask < 1 << elements; mask++) {
    const keep = new Set(Array.from({ length: elements }, (_, at) => at).filter((at) => (mask >> at) & 1));
    if (!meets(keep, constraints)) continue;
    const total = [...keep].reduce((sum, one) => sum + cost(one), 0);
    if (keep.size < best[0] || (keep.size === best[0] && total < best[1])) best = [keep.size, total];
  }
  return best;
}

test("as small and as cheap as trying every choice", () => {
  const costs = [5, 3, 8, 1, 9, 2, 7, 4];
  fc.assert(
    fc.property(constraintsOf(8), (constraints) => {
      const { keep, exact } = smallestHittingSet(constraints, (element) => costs[element]);
      const total = [...keep].reduce((sum, one) => sum + costs[one], 0);
      expect(meets(keep, constraints)).toBe(true);
      expect([exact, keep.size, total]).toEqual([true, ...bruteForce(constraints, 8, (element) => costs[element])]);
    }),
    { numRuns: 300 },
  );
});

test("cut short it still meets every constraint, with nothing to spare", () => {
  fc.assert(
    fc.property(constraintsOf(30), (constraints) => {
      const { keep } = smallestHittingSet(constraints, () => 1, 2);
      expect(meets(keep, constraints)).toBe(true);
      for (const one of keep) {
        expect(meets(new Set([...keep].filter((other) => other !== one)), constraints)).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test("many rules at once", () => {
  // 400 rules in a ring, each shared with the next: every other one is enough.
  const ring = Array.from({ length: 400 }, (_, at) => [at, (at + 1) % 400]);
  const { keep } = smallestHittingSet(ring, () => 1);
  expect(meets(keep, ring)).toBe(true);
  expect(keep.size).toBeLessThanOrEqual(210);
  expect(smallestHittingSet([], () => 1)).toEqual({ keep: new Set(), exact: true });
});
