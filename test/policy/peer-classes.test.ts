import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Family, IPV4, IPV6, type Prefix } from "../../src/net/address.ts";
import { buildPeerClasses, classOf4, classOf6, type PeerClasses } from "../../src/policy/peer-classes.ts";

interface Block {
  readonly family: Family;
  readonly first: bigint;
  readonly length: number;
}

const bitsOf = (family: Family): number => (family === IPV4 ? 32 : 128);
const sizeOf = ({ family, length }: Block): bigint => 1n << BigInt(bitsOf(family) - length);
const wordsOf = (family: Family, address: bigint): number[] =>
  Array.from({ length: bitsOf(family) / 32 }, (_, at, shift = BigInt(bitsOf(family) - 32 - at * 32)) =>
    Number((address >> shift) & 0xffffffffn),
  );
const prefixOf = ({ family, first, length }: Block): Prefix => ({ family, words: wordsOf(family, first), length });

/** Few bases and few lengths, so that blocks nest, touch and repeat; whole families, hosts and the last addresses too. */
const blocksOf = (family: Family, lengths: number[]): fc.Arbitrary<Block> => {
  const bits = BigInt(bitsOf(family));
  const base = fc.oneof(fc.constantFrom(0n, (1n << bits) - 1n, 10n << (bits - 8n)), fc.bigInt(0n, (1n << bits) - 1n));
  return fc
    .record({ base, neighbour: fc.bigInt(0n, 3n), length: fc.constantFrom(...lengths) })
    .map(({ base, neighbour, length }) => {
      const size = 1n << (bits - BigInt(length));
      return { family, first: (((base / size) * size + neighbour * size) % (1n << bits)) as bigint, length };
    });
};
const block = fc.oneof(
  blocksOf(IPV4, [0, 1, 8, 15, 16, 17, 24, 31, 32]),
  blocksOf(IPV6, [0, 1, 32, 33, 63, 64, 96, 127, 128]),
);

const membersOf = (classes: PeerClasses, family: Family, address: bigint): number[] => {
  const words = wordsOf(family, address);
  // The words of an IPv6 address stand in the middle of others, as in a batch.
  const found = family === IPV4 ? classOf4(classes, words[0]) : classOf6(classes, [7, ...words, 7], 1);
  return [...classes.members.subarray(classes.offsets[found], classes.offsets[found + 1])];
};

test("an address is of the class of exactly the peers whose blocks contain it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(block, { maxLength: 4 }), { maxLength: 8 }),
      fc.bigInt(0n, (1n << 128n) - 1n),
      (peers, anywhere) => {
        const classes = buildPeerClasses(peers.map((blocks) => blocks.map(prefixOf)));
        for (const family of [IPV4, IPV6] as const) {
          const limit = 1n << BigInt(bitsOf(family));
          const edges = peers.flat().filter((one) => one.family === family);
          const probes = edges.flatMap((one) => [
            one.first - 1n,
            one.first,
            one.first + sizeOf(one) - 1n,
            one.first + sizeOf(one),
          ]);
          for (const address of [0n, limit - 1n, anywhere % limit, ...probes]) {
            if (address < 0n || address >= limit) continue;
            const contains = (one: Block): boolean =>
              one.family === family && address >= one.first && address < one.first + sizeOf(one);
            const expected = peers.flatMap((blocks, peer) => (blocks.some(contains) ? [peer] : []));
            const found = membersOf(classes, family, address);
            if (`${found}` !== `${expected}`)
              expect({ family, address, found }).toEqual({ family, address, found: expected });
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("addresses that no peer tells apart share a class, however many intervals lie between them", () => {
  const words = Array.from({ length: 1000 }, (_, at) => [0x0a000000 + at * 2]);
  const hosts = words.map((one): Prefix => ({ family: IPV4, words: one, length: 32 }));
  const classes = buildPeerClasses([hosts, [{ family: IPV4, words: [0], length: 0 }]]);
  expect(classes.starts4.length).toBeGreaterThan(1999);
  // In the list and in the world, in the world only, and IPv6, which is in neither.
  expect(classes.offsets.length - 1).toBe(3);
});
