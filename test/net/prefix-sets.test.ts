import * as fc from "fast-check";
import { IPv4CidrRange, Pool, RangedSet } from "ip-num";
import { expect, test } from "vitest";
import { formatPrefix, IPV4, type Prefix, prefixContains } from "../../src/net/address.ts";
import { parsePrefix } from "../../src/net/parse.ts";
import { aggregatePrefixes, commonPrefix, holdsPrefix, subtractPrefixes } from "../../src/net/prefixes.ts";

const of = (text: string): Prefix => parsePrefix(text)!.prefix;
const texts = (prefixes: readonly Prefix[]): string[] => prefixes.map(formatPrefix);

/** Blocks of a small space, so that they touch. */
const block = fc
  .tuple(fc.nat(1023), fc.integer({ min: 22, max: 32 }))
  .map(([host, length]) => of(`10.0.${host >> 8}.${host & 255}/${length}`));

test("what is left of a block and what was taken from it make the block again", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 6 }), fc.boolean(), (blocks, six) => {
      const inFamily = (one: Prefix): Prefix =>
        six ? { family: 2, words: [1, 2, one.words[0], 0], length: one.length + 64 } : one;
      const whole = inFamily(of("10.0.0.0/22"));
      const holes = blocks.map(inFamily);
      const left = subtractPrefixes(whole, holes);
      expect(left.some((one) => holes.some((hole) => holdsPrefix(one, hole) || holdsPrefix(hole, one)))).toBe(false);
      expect(aggregatePrefixes([...left, ...holes.filter((hole) => holdsPrefix(whole, hole))])).toEqual(
        aggregatePrefixes([whole]),
      );
    }),
  );
});

test("property: prefixes aggregate as in ip-num", () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 12 }), (blocks) => {
      // ip-num takes no overlaps: hand it the addresses one by one.
      const hosts = new Set<number>();
      for (const { words, length } of blocks) {
        for (let at = 0; at < 2 ** (32 - length); at++) hosts.add(words[0] + at);
      }
      fc.pre(hosts.size <= 64);
      const ranges = [...hosts]
        .sort((a, b) => a - b)
        .map((host) => {
          const text = formatPrefix({ family: IPV4, words: [host], length: 32 });
          return RangedSet.fromCidrRange(IPv4CidrRange.fromCidr(text));
        });
      const reference = Pool.fromRangeSet(ranges)
        .aggregate()
        .getRanges()
        .map((range) => range.toCidrRange().toCidrString());
      expect(texts(aggregatePrefixes(blocks))).toEqual(reference);
    }),
    { numRuns: 60 },
  );
});

test.each([
  [["10.0.0.0/25", "10.0.0.128/25", "10.0.1.0/24"], ["10.0.0.0/23"]],
  [
    ["10.0.1.0/24", "10.0.2.0/24"],
    ["10.0.1.0/24", "10.0.2.0/24"],
  ],
  [
    ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"],
    ["0.0.0.0/0", "::/0"],
  ],
  [
    ["2001:db8::2/128", "2001:db8::3/128", "10.0.0.1/32", "10.0.0.0/8"],
    ["10.0.0.0/8", "2001:db8::2/127"],
  ],
  [[], []],
])("%j aggregate to the fewest blocks", (given, expected) => {
  expect(texts(aggregatePrefixes(given.map(of)))).toEqual(expected);
});

test("the common block is the smallest that holds both", () => {
  fc.assert(
    fc.property(block, block, (a, b) => {
      const common = commonPrefix(a, b);
      expect([a, b].every((one) => holdsPrefix(common, one) && prefixContains(common, one.words))).toBe(true);
      if (common.length === Math.min(a.length, b.length)) return;
      const halves = [a, b].map((one) => one.words[0] >>> (31 - common.length));
      expect(new Set(halves).size).toBe(2);
    }),
    { numRuns: 300 },
  );
  expect(formatPrefix(commonPrefix(of("2001:db8::1/128"), of("2001:db8:0:1::/64")))).toBe("2001:db8::/63");
  expect(formatPrefix(commonPrefix(of("0.0.0.1/32"), of("255.0.0.0/8")))).toBe("0.0.0.0/0");
  expect(holdsPrefix(of("10.0.0.0/8"), of("::/0"))).toBe(false);
});

test("a difference holds the addresses of the block that no other has, in the fewest blocks", () => {
  fc.assert(
    fc.property(block, fc.array(block, { maxLength: 5 }), (from, others) => {
      const left = subtractPrefixes(from, others);
      for (let host = 0; host < 1024; host++) {
        const { words } = of(`10.0.${host >> 8}.${host & 255}/32`);
        const wanted = prefixContains(from, words) && !others.some((other) => prefixContains(other, words));
        expect(left.filter((one) => prefixContains(one, words))).toHaveLength(wanted ? 1 : 0);
      }
      expect(texts(left)).toEqual(texts(aggregatePrefixes(left)));
    }),
    { numRuns: 60 },
  );
  const rest = subtractPrefixes(of("::/0"), [of("2001:db8::/32"), of("0.0.0.0/0")]);
  expect(rest).toHaveLength(32);
  expect(texts(aggregatePrefixes([...rest, of("2001:db8::/32")]))).toEqual(["::/0"]);
});
