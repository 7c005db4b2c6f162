import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { formatAddress, formatPrefix, prefixContains } from "../../src/net/address.ts";
import { parseAddress, parsePrefix } from "../../src/net/parse.ts";

describe("parseAddress", () => {
  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["::", "::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:192.0.2.33", "::ffff:c000:221"],
  ])("%s is %s", (text, canonical) => {
    expect(formatAddress(parseAddress(text)!)).toBe(canonical);
  });

  test.each([
    "",
    ".",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    "0x1.2.3.4",
    "1.2.3.4/32",
    "١.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
    "fe80::1%eth0",
    "::1%",
    "1".repeat(5000),
    "1:".repeat(5000),
  ])("%j is none", (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test("property: agrees with node:net on what is an address", () => {
    const nearly = fc.string({ unit: fc.constantFrom(..."0123456789abcf:.%"), maxLength: 24 });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6()), (text) => {
        const family = text.includes("%") ? 0 : isIP(text);
        expect(parseAddress(text)?.family ?? 0).toBe({ 0: 0, 4: 1, 6: 2 }[family]);
      }),
      { numRuns: 5000 },
    );
  });

  test("property: canonical text reads back to the same words", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseAddress(text)!;
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("parsePrefix", () => {
  test.each([
    ["100.68.0.18/18", "100.68.0.0/18", false],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["255.255.255.255/0", "0.0.0.0/0", false],
    ["192.0.2.1/32", "192.0.2.1/32", true],
    ["2001:db8:0:0:ffff::1/63", "2001:db8::/63", false],
    ["2001:db8::/32", "2001:db8::/32", true],
    ["ffff::/0", "::/0", false],
  ])("%s is %s", (text, canonical, exact) => {
    const parsed = parsePrefix(text)!;
    expect([formatPrefix(parsed.prefix), parsed.exact]).toEqual([canonical, exact]);
  });

  test.each([
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "::/129",
    "/8",
    "x/8",
  ])("%j is none", (text) => {
    expect(parsePrefix(text)).toBeNull();
  });

  test("property: contains what node:net's BlockList contains", () => {
    const v4 = fc.record({
      kind: fc.constant("ipv4" as const),
      block: fc.ipV4(),
      length: fc.nat(32),
      flip: fc.nat(31),
    });
    const v6 = fc.record({
      kind: fc.constant("ipv6" as const),
      block: fc.ipV6(),
      length: fc.nat(128),
      flip: fc.nat(127),
    });
    fc.assert(
      fc.property(fc.oneof(v4, v6), ({ kind, block, length, flip }) => {
        const list = new BlockList();
        const base = parseAddress(block)!;
        list.addSubnet(formatAddress(base), length, kind);
        const words = base.words.map((word, at) =>
          at === flip >> 5 ? (word ^ (1 << (31 - (flip & 31)))) >>> 0 : word,
        );
        const { prefix } = parsePrefix(`${block}/${length}`)!;
        expect(prefixContains(prefix, words)).toBe(list.check(formatAddress({ family: base.family, words }), kind));
      }),
      { numRuns: 3000 },
    );
  });
});
