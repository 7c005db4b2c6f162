import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatPrefix, type Prefix } from "../../src/net/address.ts";
import { bitsOf, hostPrefix, parseAddress, parsePrefix } from "../../src/net/parse.ts";
import { type CoverOptions, coverPrefixes, fewestBlocks, holdsPrefix } from "../../src/net/prefixes.ts";

const host = (text: string): Prefix => hostPrefix(parseAddress(text)!);
const sizeOf = ({ family, length }: Prefix): number => 2 ** (bitsOf(family) - length);
const free: CoverOptions = { most: 8, shortest: () => 0, sizeOf };
const texts = (cover: { readonly blocks: readonly Prefix[] } | null): string[] | null =>
  cover && cover.blocks.map(formatPrefix);

test("covers are the best with one, two, three blocks, and no larger than needed", () => {
  const three = ["10.0.0.1", "10.0.0.2", "10.0.8.1"].map(host);
  expect(coverPrefixes(three, free).map(texts)).toEqual([
    ["10.0.0.0/20"],
    ["10.0.0.0/30", "10.0.8.1/32"],
    ["10.0.0.1/32", "10.0.0.2/32", "10.0.8.1/32"],
  ]);
  expect(coverPrefixes(three, { ...free, shortest: () => 24 }).map(texts)).toEqual([
    null,
    ["10.0.0.0/30", "10.0.8.1/32"],
    ["10.0.0.1/32", "10.0.0.2/32", "10.0.8.1/32"],
  ]);
  expect(fewestBlocks(three, () => 24)).toBe(2);
  expect(coverPrefixes([], free)).toEqual([]);
});

test("a cover keeps IPv6 blocks within the shortest length", () => {
  const cover = coverPrefixes(["2001:db8::", "2001:db8::1", "2001:db8:0:1::9"].map(host), {
    ...free,
    shortest: () => 64,
  });
  expect(cover.map(texts)).toEqual([null, ["2001:db8::/127", "2001:db8:0:1::9/128"]]);
});

test("a cover of thousands of addresses holds all of them, unless it would be too wide", () => {
  const many = Array.from({ length: 6000 }, (_, at) => host(`10.${at % 200}.${(at * 7) % 251}.${(at * 13) % 251}`));
  const covers = coverPrefixes(many, free);
  expect(covers.length).toBeGreaterThan(2);
  for (const [at, cover] of covers.entries()) {
    expect(cover!.blocks.length).toBeLessThanOrEqual(at + 1);
    expect(many.every((one) => cover!.blocks.some((block) => holdsPrefix(block, one)))).toBe(true);
  }
  expect(coverPrefixes(many, { ...free, shortest: () => 24 })).toEqual([]);
  expect(fewestBlocks(many, () => 24)).toBeGreaterThan(2000);
});

/** Every block of a /29 in the given family. */
function blocksOf(family: "4" | "6"): Prefix[] {
  const [base, bits] = family === "4" ? ["192.0.2.", 32] : ["2001:db8::", 128];
  return [0, 1, 2, 3].flatMap((level) =>
    Array.from({ length: 8 >> level }, (_, at) => parsePrefix(`${base}${at << level}/${bits - level}`)!.prefix),
  );
}

test("property: no other set of blocks is cheaper than the cover", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("4", "6"),
      fc.uniqueArray(fc.nat(7), { minLength: 1 }),
      fc.nat(3),
      (family, places, widest) => {
        const blocks = blocksOf(family as "4" | "6");
        const hosts = blocks.slice(0, 8).filter((_, at) => places.includes(at));
        const shortest = bitsOf(blocks[0].family) - widest;
        const allowed = blocks.filter(
          (block) =>
            block.length >= shortest ||
            blocks.slice(0, 8).every((one) => !holdsPrefix(block, one) || hosts.includes(one)),
        );
        const best = bruteForce(allowed, hosts);
        const covers = coverPrefixes(hosts, { ...free, shortest: () => shortest });
        covers.forEach((cover, at) => {
          expect(cover?.size ?? Infinity).toBe(best(at + 1));
          if (!cover) return;
          expect(cover.blocks.length).toBeLessThanOrEqual(at + 1);
          expect(cover.blocks.reduce((sum, block) => sum + sizeOf(block), 0)).toBe(cover.size);
          expect(hosts.every((one) => cover.blocks.some((block) => holdsPrefix(block, one)))).toBe(true);
        });
        expect(covers.at(-1)?.size).toBe(best(8));
        expect(best(fewestBlocks(hosts, () => shortest))).toBeLessThan(Infinity);
        expect(best(fewestBlocks(hosts, () => shortest) - 1)).toBe(Infinity);
      },
    ),
    { numRuns: 60 },
  );
});

/** The least size of any set of at most so many blocks that holds all hosts. */
function bruteForce(blocks: readonly Prefix[], hosts: readonly Prefix[]): (most: number) => number {
  const masks = blocks.map((block) =>
    hosts.reduce((mask, one, at) => (holdsPrefix(block, one) ? mask | (1 << at) : mask), 0),
  );
  const all = (1 << hosts.length) - 1;
  const sizes: number[] = [Infinity];
  let reached = new Map([[0, 0]]);
  for (let count = 1; count <= 8; count++) {
    const next = new Map(reached);
    for (const [mask, size] of reached) {
      masks.forEach((own, at) => {
        const sum = size + sizeOf(blocks[at]);
        if (sum < (next.get(mask | own) ?? Infinity)) next.set(mask | own, sum);
      });
    }
    reached = next;
    sizes.push(reached.get(all) ?? Infinity);
  }
  return (most) => sizes[most];
}
