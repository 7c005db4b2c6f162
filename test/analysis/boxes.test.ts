import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type AddressSet, covering, type Region, subtract, subtractRegions, unite } from "../../src/analysis/boxes.ts";

const SIZE = 6;
const bounds = fc
  .tuple(fc.nat(SIZE - 1), fc.nat(SIZE - 1))
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }));
const addresses = fc.array(bounds, { minLength: 1, maxLength: 3 }).map(unite);
const region: fc.Arbitrary<Region> = fc.record({ protocols: bounds, details: bounds, addresses });

const within = (at: number, { from, to }: { from: number | bigint; to: number | bigint }): boolean =>
  from <= at && at < to;
const inSet = (at: number, set: AddressSet): boolean => set.some((one) => within(at, one));
const holds = (one: Region, [protocol, detail, address]: number[]): boolean =>
  within(protocol, one.protocols) && within(detail, one.details) && inSet(address, one.addresses);
const all = [...Array(SIZE).keys()];
const points = all.flatMap((a) => all.flatMap((b) => all.map((c) => [a, b, c])));

test("property: a set has the values of its intervals, ascending and disjoint", () => {
  fc.assert(
    fc.property(fc.array(bounds, { maxLength: 4 }), addresses, (intervals, right) => {
      const set = unite(intervals);
      for (const at of all) expect(inSet(at, set)).toBe(inSet(at, intervals));
      for (const [index, one] of set.slice(1).entries()) expect(one.from > set[index].to).toBe(true);
      const rest = subtract(set, right);
      for (const at of all) expect(inSet(at, rest)).toBe(inSet(at, set) && !inSet(at, right));
    }),
    { numRuns: 2000 },
  );
});

test("property: subtraction leaves the points that no other region holds, and names the regions that took the others", () => {
  fc.assert(
    fc.property(region, fc.array(region, { maxLength: 5 }), (target, others) => {
      const { used, rest } = subtractRegions(target, others);
      const takers = new Set<number>();
      for (const point of points.filter((one) => holds(target, one))) {
        const taker = others.findIndex((other) => holds(other, point));
        if (taker >= 0) takers.add(taker);
        expect(rest.filter((one) => holds(one, point))).toHaveLength(taker < 0 ? 1 : 0);
      }
      expect(used).toEqual([...takers].sort((a, b) => a - b));
      expect(covering(target, others)).toEqual(rest.length === 0 ? used : null);
    }),
    { numRuns: 2000 },
  );
});
