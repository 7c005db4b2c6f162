import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Address, formatAddress, formatPrefix, type Prefix } from "../../../src/net/address.ts";
import { bitsOf, maskWords, parseAddress, parsePrefix } from "../../../src/net/parse.ts";
import { createPseudonyms } from "../../../src/report/pseudonyms/pseudonyms.ts";

const SECRET = Buffer.from("correct horse battery staple");
const fake = createPseudonyms(SECRET, "secret");
const again = createPseudonyms(Buffer.from("correct horse battery staple\n"), "secret");
const other = createPseudonyms(Buffer.from("another secret of enough bytes"), "secret");

const word = fc.integer({ min: 0, max: 0xffffffff });
/** Half of them where blocks that stay begin and end. */
const edge = fc
  .tuple(
    fc.constantFrom(0, 0x0a000000, 0x0b000000, 0xac100000, 0xac200000, 0xc0a80000, 0x64400000, 0xa9fe0000),
    fc.integer({ min: -3, max: 3 }),
  )
  .map(([start, offset]) => (start + offset) >>> 0);
const ipv4 = fc.oneof(word, edge).map((one): Address => ({ family: 1, words: [one] }));
const ipv6 = fc.tuple(word, word, word, word).map((words): Address => ({ family: 2, words }));
const address = fc.oneof(ipv4, ipv6);
const RUNS = { numRuns: 500 };

/** Two addresses of a family with a common prefix of any length, then a different bit. */
const relatives = fc
  .tuple(fc.oneof(ipv4, ipv6), fc.nat(127), fc.tuple(word, word, word, word))
  .map(([one, at, noise]) => {
    const length = at % bitsOf(one.family);
    const words = maskWords(one.words, length).map((kept, index) => {
      const tail = length - index * 32;
      const mask = tail <= 0 ? 0xffffffff : tail >= 32 ? 0 : 0xffffffff >>> tail;
      return (kept | (noise[index] & mask)) >>> 0;
    });
    const bit = 1 << (31 - (length & 31));
    words[length >> 5] = ((words[length >> 5] & ~bit) | (~one.words[length >> 5] & bit)) >>> 0;
    return { one, two: { family: one.family, words } as Address, length };
  });

function commonBits(a: Address, b: Address): number {
  const bits = (each: Address): string => each.words.map((one) => one.toString(2).padStart(32, "0")).join("");
  const [left, right] = [bits(a), bits(b)];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return at;
}

const map = (one: Address): Address => parseAddress(fake.id(formatAddress(one)))!;

describe("addresses", () => {
  test("share exactly as many leading bits as the real ones, so different ones stay different", () => {
    fc.assert(
      fc.property(relatives, ({ one, two, length }) => {
        expect(commonBits(one, two)).toBe(length);
        // An address with an IPv4 address inside has two parts, each of which keeps its prefixes.
        expect(commonBits(map(one), map(two))).toBe(length);
      }),
      RUNS,
    );
  });

  test("are stable under one secret and differ under another", () => {
    fc.assert(
      fc.property(address, (one) => {
        expect(again.id(formatAddress(one))).toBe(fake.id(formatAddress(one)));
      }),
      RUNS,
    );
    expect(other.id("10.1.2.3")).not.toBe(fake.id("10.1.2.3"));
  });

  test("every one of a /16 has a pseudonym of its own", () => {
    const images = new Set(Array.from({ length: 65_536 }, (_, low) => fake.id(`10.0.${low >> 8}.${low & 255}`)));
    expect(images.size).toBe(65_536);
  });

  test("a block's pseudonym holds those of its addresses", () => {
    fc.assert(
      fc.property(address, fc.nat(128), (one, at) => {
        const length = at % (bitsOf(one.family) + 1);
        const block: Prefix = { ...one, words: maskWords(one.words, length), length };
        const mapped = parsePrefix(fake.id(formatPrefix(block)))!;
        expect(mapped.exact).toBe(true);
        expect(mapped.prefix).toEqual({ ...block, words: maskWords(map(one).words, length) });
      }),
      RUNS,
    );
  });

  test.each([
    ["10.0.0.0/8", 8],
    ["172.16.0.0/12", 12],
    ["192.168.0.0/16", 16],
    ["100.64.0.0/10", 10],
    ["fc00::/7", 7],
    ["fe80::/10", 10],
    ["2000::/3", 3],
    ["0.0.0.0/0", 0],
    ["::/0", 0],
  ])("%s stays, with its addresses inside and others outside", (text) => {
    expect(fake.id(text)).toBe(text);
    const { prefix } = parsePrefix(text)!;
    const inside = (one: Address): boolean => commonBits(one, prefix) >= prefix.length;
    fc.assert(
      fc.property(prefix.family === 1 ? ipv4 : ipv6, (one) => {
        expect(inside(map(one))).toBe(inside(one));
      }),
      RUNS,
    );
  });

  test.each([
    "169.254.169.254",
    "0.0.0.0",
    "255.255.255.255",
    "127.0.0.1",
    "224.0.0.1",
    "::",
    "::1",
    "ff02::1",
    "fd00:ec2::254",
  ])("%s means the same everywhere and stays", (text) => expect(fake.id(text)).toBe(text));

  test("IPv4 within IPv6 has the pseudonym of the IPv4 address", () => {
    const inner = map(parseAddress("198.51.100.7")!).words[0];
    expect(map(parseAddress("64:ff9b::c633:6407")!).words).toEqual([0x64ff9b, 0, 0, inner]);
    expect(map(parseAddress("::ffff:c633:6407")!).words).toEqual([0, 0, 0xffff, inner]);
  });
});

describe("ids", () => {
  const hexId = fc.tuple(
    fc.constantFrom("eni", "sg", "sgr", "vpc", "subnet", "i", "acl"),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 1, maxLength: 17 }),
  );
  test("keep their kind, length and letters; different ones stay different", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          hexId.map(([kind, rest]) => `${kind}-${rest}`),
          { minLength: 2, maxLength: 40 },
        ),
        (ids) => {
          const images = ids.map((id) => fake.id(id));
          expect(new Set(images).size).toBe(ids.length);
          for (const [at, image] of images.entries()) {
            expect(image.length).toBe(ids[at].length);
            expect(image).toMatch(new RegExp(`^${ids[at].split("-")[0]}-[0-9a-f]+$`));
          }
        },
      ),
      RUNS,
    );
  });

  test("every text of two letters has a pseudonym of its own, hexadecimal or not; so has every short account", () => {
    const letters = [..."0123456789abcdefghijklmnopqrstuvwxyz"];
    const ids = letters.flatMap((a) => letters.map((b) => `eni-${a}${b}`));
    expect(new Set(ids.map((id) => fake.id(id))).size).toBe(ids.length);
    const accounts = Array.from({ length: 20_000 }, (_, at) => String(at * 49_999_999).padStart(12, "0"));
    const images = accounts.map((account) => fake.id(account));
    expect(new Set(images).size).toBe(accounts.length);
    for (const image of images) expect(image).toMatch(/^\d{12}$/);
  });

  test("are consistent wherever they stand", () => {
    const [group, peer] = [fake.id("sg-0a1b2c3d"), fake.id("10.20.0.0/16")];
    expect(fake.id("sg-0a1b2c3d/ingress/tcp/8000-8010/10.20.0.0/16")).toBe(`${group}/ingress/tcp/8000-8010/${peer}`);
    expect(fake.id("acl-0a1b2c3d/ingress/*")).toBe(`${fake.id("acl-0a1b2c3d")}/ingress/*`);
    expect(fake.scan("203.0.113.54 -> 10.20.1.1 port 44066, 2 of 14 interfaces (10.20.0.0/16), 09:00Z; i-0ab.")).toBe(
      `${fake.id("203.0.113.54")} -> ${fake.id("10.20.1.1")} port 44066, 2 of 14 interfaces (${peer}), 09:00Z; ${fake.id("i-0ab")}.`,
    );
  });

  test("what is no id is replaced as a whole, what is nothing stays nothing", () => {
    for (const text of ["payments-db", "eni-web-blue", "sg-1 and more", "10.0.0.1 web", "Ärzte"]) {
      expect(fake.id(text)).toMatch(/^id-[0-9a-f]{12}$/);
    }
    expect(fake.name("payments", "group")).toMatch(/^group-[0-9a-f]{12}$/);
    expect([fake.id(""), fake.id("-"), fake.name("", "name")]).toEqual(["", "-", ""]);
  });
});

test("a secret that could be guessed is refused", () => {
  expect(() => createPseudonyms(Buffer.from("  too short\n"), "s.txt")).toThrow("s.txt holds 9 bytes");
});
