import * as fc from "fast-check";
import { expect, test } from "vitest";

import { IPV4, IPV6, prefixContains } from "../../src/net/address.ts";
import { blocksOfList, createBlockLists, listHolds } from "../../src/net/block-lists.ts";
import { parsePrefix } from "../../src/net/parse.ts";

// Few addresses and lengths, so that blocks and addresses meet.
const four = fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 32 })).map(([n, length]) => `10.0.${n}.${n}/${length}`);
const six = fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 128 })).map(([n, length]) => `2001:db8:${n}::${n}/${length}`);
const lists = fc.array(
  fc.array(
    fc.oneof(four, six).map((text) => parsePrefix(text)!.prefix),
    { maxLength: 4 },
  ),
  {
    maxLength: 40,
  },
);

test("property: a list keeps its blocks and holds the addresses that they contain", () => {
  fc.assert(
    fc.property(lists, fc.nat(3), (blocks, n) => {
      const builder = createBlockLists();
      expect(blocks.map((one) => builder.add(one))).toEqual(blocks.map((_, at) => at));
      const built = builder.build();
      const ipv4 = [0x0a000000 + n * 257];
      const ipv6 = [0, 0x20010db8, n * 65_536, 0, n];
      blocks.forEach((list, at) => {
        expect(blocksOfList(built, at)).toEqual(list);
        const holds4 = list.some((one) => one.family === IPV4 && prefixContains(one, ipv4));
        expect(listHolds(built, at, IPV4, ipv4, 0)).toBe(holds4);
        const holds6 = list.some((one) => one.family === IPV6 && prefixContains(one, ipv6, 1));
        expect(listHolds(built, at, IPV6, ipv6, 1)).toBe(holds6);
      });
    }),
  );
});

test("no list holds the address of a record without a family", () => {
  const builder = createBlockLists();
  builder.add([parsePrefix("0.0.0.0/0")!.prefix, parsePrefix("::/0")!.prefix]);
  expect(listHolds(builder.build(), 0, 0, [0], 0)).toBe(false);
});
