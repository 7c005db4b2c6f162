import { expect, test } from "vitest";

import { formatIcmp, formatPorts, parseProtocol, protocolName } from "../../src/net/protocols.ts";

test.each([
  ["tcp", 6],
  ["TCP", 6],
  ["udp", 17],
  ["icmp", 1],
  ["icmpv6", 58],
  ["ipv6-icmp", 58],
  ["-1", -1],
  ["all", -1],
  ["6", 6],
  [47, 47],
  [-1, -1],
  ["0", 0],
  ["255", 255],
  ["256", null],
  ["-2", null],
  ["", null],
  ["tcp6", null],
  ["6.0", null],
  ["1e1", null],
  ["__proto__", null],
  [1e21, null],
])("protocol %j is %j", (text, number) => {
  expect(parseProtocol(text)).toBe(number);
});

test("the name of every number reads back to the number", () => {
  for (let number = -1; number <= 255; number++) expect(parseProtocol(protocolName(number))).toBe(number);
  expect([6, 58, -1, 253].map(protocolName)).toEqual(["tcp", "icmpv6", "all", "253"]);
});

test("ports and ICMP types are shown as in rule ids", () => {
  expect([null, { from: 443, to: 443 }, { from: 0, to: 65535 }].map(formatPorts)).toEqual(["all", "443", "0-65535"]);
  expect([null, { type: -1, code: -1 }, { type: 3, code: -1 }, { type: 8, code: 0 }].map(formatIcmp)).toEqual([
    "all",
    "all",
    "3",
    "8-0",
  ]);
});
