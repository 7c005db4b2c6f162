import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { DEFAULT_FIELDS, FIELDS } from "../../src/decode/fields.ts";
import { parseAddress } from "../../src/net/parse.ts";
import { formatAddress } from "../../src/net/address.ts";
import { decodeText, type Row } from "./collect.ts";

const times = fc
  .tuple(fc.integer({ min: 1_388_534_400, max: 4_102_444_000 }), fc.nat(720))
  .map(([start, seconds]) => [start, start + seconds]);
const canonical = (text: string): string => formatAddress(parseAddress(text)!);
const addresses = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.ipV4(), fc.ipV4()) },
  fc.tuple(fc.ipV6(), fc.ipV6()),
  fc.constant([null, null]),
);
const orAbsent = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 8 });

const record = fc
  .record({
    interfaceId: fc.constantFrom("eni-1", "eni-0123456789abcdef0", "-"),
    accountId: fc.constantFrom("123456789012", "unknown", "-"),
    addresses,
    pkt: addresses,
    ports: orAbsent(fc.tuple(fc.nat(65535), fc.nat(65535))),
    protocol: orAbsent(fc.nat(255)),
    packets: orAbsent(fc.maxSafeNat()),
    bytes: orAbsent(fc.nat(5_000_000)),
    times: orAbsent(times),
    tcpFlags: orAbsent(fc.nat(255)),
    action: orAbsent(fc.constantFrom("ACCEPT", "REJECT")),
    status: fc.constantFrom("OK", "OK", "NODATA", "SKIPDATA"),
    direction: orAbsent(fc.constantFrom("ingress", "egress")),
    rejectReason: orAbsent(fc.constantFrom("BPA", "EC")),
    further: fc.record({
      "vpc-id": fc.constantFrom("vpc-1", "vpc-0aa11bb22cc33dd44", "-"),
      region: fc.constantFrom("eu-west-1", "-"),
      "az-id": fc.constantFrom("euw1-az1", "euw1-az2"),
      "traffic-path": fc.constantFrom("1", "8", "-"),
    }),
  })
  .map(({ addresses: [src, dst], pkt: [pktSrc, pktDst], ports, times: span, ...rest }) => ({
    ...rest,
    src,
    dst,
    pktSrc,
    pktDst,
    srcPort: ports?.[0] ?? null,
    dstPort: ports?.[1] ?? null,
    start: span?.[0] ?? null,
    end: span?.[1] ?? null,
  }));

type Column = Exclude<keyof Row, "line" | "further">;
const FURTHER = ["vpc-id", "region", "az-id", "traffic-path"];
const COLUMN_OF: Record<string, Column> = {
  "account-id": "accountId",
  "interface-id": "interfaceId",
  srcaddr: "src",
  dstaddr: "dst",
  srcport: "srcPort",
  dstport: "dstPort",
  protocol: "protocol",
  packets: "packets",
  bytes: "bytes",
  start: "start",
  end: "end",
  action: "action",
  "log-status": "status",
  "tcp-flags": "tcpFlags",
  "pkt-srcaddr": "pktSrc",
  "pkt-dstaddr": "pktDst",
  "flow-direction": "direction",
  "reject-reason": "rejectReason",
};
const READ = FIELDS.map((field) => field.name).filter((name) => name in COLUMN_OF);
const layouts = fc.oneof(
  fc.constant([...DEFAULT_FIELDS]),
  fc.constant([...DEFAULT_FIELDS, ...FURTHER, ...READ.filter((name) => !DEFAULT_FIELDS.includes(name))]),
  fc.shuffledSubarray([...READ, "version", ...FURTHER], { minLength: READ.length + 1 + FURTHER.length }),
);

const encode = (values: Omit<Row, "line">, fields: readonly string[]): string =>
  fields
    .map((name) => {
      if (name === "version") return 5;
      return (name in COLUMN_OF ? values[COLUMN_OF[name]] : values.further[name]) ?? "-";
    })
    .join(" ");

/** Values at and beyond the limits of one field or another. */
const EDGES = (
  "00 100 255 256 65535 65536 99999 999999999 1000000000 4294967295 4294967296 42949672950 100000000000 100000000001 " +
  "9007199254740992 255.255.255.255 1.2.3.256 1.2.3.04 :: 1.2.3 1.2.3.4.5 ACCEPT REJECTS OK OKAY NODATA ingress egresss " +
  "eni-1 eni-12"
).split(" ");

/** Values at their limits, so that one more digit or a larger one is too much. */
const EXAMPLE: Record<string, string> = {
  version: "2",
  "account-id": "123456789012",
  "interface-id": "eni-0123456789abcdef0",
  srcaddr: "10.0.203.255",
  dstaddr: "249.20.1.9",
  srcport: "65535",
  dstport: "443",
  protocol: "255",
  packets: "999999999",
  bytes: "40",
  start: "4293999999",
  end: "4293999999",
  action: "ACCEPT",
  "log-status": "OK",
  "tcp-flags": "19",
  "pkt-srcaddr": "192.0.2.1",
  "pkt-dstaddr": "198.51.100.255",
  "flow-direction": "egress",
  "reject-reason": "-",
};

const IPV6: Record<string, string> = {
  ...EXAMPLE,
  srcaddr: "2001:db8:1234:a100:8d6e:3477:df66:f105",
  dstaddr: "::ffff:10.0.0.1",
  "pkt-srcaddr": "fe80::1",
  "pkt-dstaddr": "64:ff9b::c000:201",
};

const everyByte = (text: string): number[] => Array.from({ length: text.length }, (_, index) => index + 1);

describe("decoding", () => {
  it("gives back what was written, in any layout", () => {
    fc.assert(
      fc.property(layouts, fc.array(record, { minLength: 1, maxLength: 20 }), (fields, records) => {
        const text = records.map((values) => encode(values, fields)).join("\n");
        const expected = records.map((values, index) => {
          const pick = (name: string): unknown => {
            const value = values[COLUMN_OF[name]];
            return typeof value === "string" && name.endsWith("addr") ? canonical(value) : value;
          };
          return {
            line: index + 1,
            further: Object.fromEntries(
              Object.entries(values.further).filter(([name, value]) => value !== "-" && fields.includes(name)),
            ),
            ...Object.fromEntries(READ.map((name) => [COLUMN_OF[name], fields.includes(name) ? pick(name) : null])),
          };
        });
        const { rows, bad } = decodeText(text, fields);
        expect(bad).toEqual([]);
        expect(rows).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  // Cut after every byte, no line reaches the scanner.
  it("means the same by the scanner and the parser, also for damaged records", () => {
    const bytes = fc.record({
      at: fc.nat(),
      length: fc.nat(3),
      text: fc.constantFrom("", " ", "  ", "-", "0", "9", "999", ".", ":", "#", "\r", "\t", "x", "\n", "\u0000", "OK"),
    });
    const field = fc.record({ at: fc.nat(), text: fc.constantFrom(...EDGES) });
    const hurt = (text: string, damage: { at: number; length?: number; text: string }): string => {
      if (damage.length === undefined) {
        const fields = text.split(" ");
        return fields.with(damage.at % fields.length, damage.text).join(" ");
      }
      const at = damage.at % text.length;
      return text.slice(0, at) + damage.text + text.slice(at + damage.length);
    };
    fc.assert(
      fc.property(
        layouts,
        fc.array(fc.tuple(record, fc.option(fc.oneof(bytes, field))), { minLength: 1, maxLength: 12 }),
        (fields, parts) => {
          const lines = parts.map(([values, damage]) =>
            damage === null ? encode(values, fields) : hurt(encode(values, fields), damage),
          );
          // A first line makes the names known, a last one gives the scanner its margin.
          const known = encode({ ...parts[0][0], interfaceId: "eni-1", accountId: "123456789012" }, fields);
          const text = [known, ...lines, known].join("\n");
          const fast = decodeText(text, fields);
          const careful = decodeText(text, fields, everyByte(text));
          expect(fast.rows).toEqual(careful.rows);
          expect(fast.bad).toEqual(careful.bad);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, readonly string[], Record<string, string>?]>([
    ["default format", DEFAULT_FIELDS],
    ["default format, IPv6", DEFAULT_FIELDS, IPV6],
    ["addresses only, IPv6", ["srcaddr", "pkt-srcaddr", "dstaddr", "pkt-dstaddr", "interface-id"], IPV6],
    [
      "all fields, default first",
      [...DEFAULT_FIELDS, "vpc-id", ...READ.filter((name) => !DEFAULT_FIELDS.includes(name))],
    ],
    ["all fields, another order", ["vpc-id", ...READ.toReversed(), "version", "region"]],
  ])("means the same by both for every change of one byte: %s", (_, fields, values = EXAMPLE) => {
    const good = fields.map((name) => values[name] ?? "other").join(" ");
    const lines = [good];
    for (let at = 0; at <= good.length; at++) {
      for (const byte of ["", " ", "\t", "\r", "x", "0", "3", "9", "-", "#", ".", "\u0001"]) {
        lines.push(good.slice(0, at) + byte + good.slice(at + 1), good.slice(0, at) + byte + good.slice(at), good);
      }
    }
    const text = lines.join("\n");
    const fast = decodeText(text, fields);
    const careful = decodeText(text, fields, everyByte(text));
    expect(fast.rows).toEqual(careful.rows);
    expect(fast.bad).toEqual(careful.bad);
  });
});
