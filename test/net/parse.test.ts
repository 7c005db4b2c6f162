import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { Validator } from "ip-num/dist/src/Validator.js";
import { describe, expect, test } from "vitest";
import { formatAddress, formatIpv4, formatIpv6, formatPrefix, prefixContains } from "../../src/net/address.ts";
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
  ])("%j is refused", (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  const hex = "0123456789abcdefABCDEF";
  const group = fc.string({ unit: fc.constantFrom(...hex), minLength: 1, maxLength: 4 });
  const quad = fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((numbers) => numbers.join("."));
  const joined = fc.array(fc.oneof(group, fc.constant("")), { minLength: 1, maxLength: 9 }).map((all) => all.join(":"));
  const texts = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."0123456789abcf:.%"), maxLength: 24 }),
    fc.string({ unit: fc.constantFrom(...`${hex}::::.%`), maxLength: 24 }),
    quad,
    joined,
    fc.tuple(joined, fc.oneof(quad, fc.ipV4())).map(([head, tail]) => `${head}:${tail}`),
    fc.tuple(fc.nat(7), fc.nat(7), fc.ipV4()).map(([a, b, tail]) => `${"1:".repeat(a)}:${"2:".repeat(b)}${tail}`),
    fc.ipV4(),
    fc.ipV6(),
  );

  test("property: a text is an address where node:net and ip-num say so", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const family = text.includes("%") ? 0 : isIP(text);
        expect(parseAddress(text)?.family ?? 0, text).toBe({ 0: 0, 4: 1, 6: 2 }[family]);
        const valid = text.includes(":") ? Validator.isValidIPv6String(text)[0] : Validator.isValidIPv4String(text)[0];
        expect(parseAddress(text) !== null, text).toBe(valid && !text.includes("%"));
      }),
      { numRuns: 20_000 },
    );
  });

  test("property: an address in groups, and with an embedded dotted quad, has its words", () => {
    const word = fc.nat(0xffffffff).map((value) => (value % 3 === 0 ? 0 : value));
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), ([a, b, c, d]) => {
        const groups = [a, b, c, d].map((each) => `${(each >>> 16).toString(16)}:${(each & 0xffff).toString(16)}`);
        const written = [groups.join(":"), `${groups.slice(0, 3).join(":")}:${formatIpv4(d)}`, formatIpv6(a, b, c, d)];
        for (const text of written) expect(parseAddress(text)?.words, text).toEqual([a, b, c, d]);
      }),
      { numRuns: 2000 },
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
  ])("%j is refused", (text) => {
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
