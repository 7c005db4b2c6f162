import { expect, test } from "vitest";
import { unfilteredPrefixes } from "../../src/model/resolve.ts";
import { formatPrefix } from "../../src/net/address.ts";
import { subnet, vpc } from "../policy/parts.ts";

const EVERYWHERE = [
  "169.254.169.253/32",
  "169.254.169.254/32",
  "169.254.169.123/32",
  "169.254.170.2/32",
  "169.254.169.250/32",
  "169.254.169.251/32",
  "255.255.255.255/32",
  "fd00:ec2::253/128",
  "fd00:ec2::254/128",
  "fd00:ec2::123/128",
];

test.each([
  ["no VPC known", undefined, [], []],
  ["Amazon DNS at base + 2 of the primary block", vpc("vpc-1", "10.0.0.0/16", "10.9.0.0/16"), [], ["10.0.0.2/32"]],
  ["a VPC whose first block is IPv6", vpc("vpc-1", "2001:db8::/56", "10.0.0.0/16"), [], ["10.0.0.2/32"]],
  [
    "the router at base + 1 of each IPv4 block",
    undefined,
    [subnet("a", "10.0.1.0/24", "2001:db8::/64"), subnet("b", "10.0.2.16/28")],
    ["10.0.1.1/32", "10.0.2.17/32"],
  ],
  ["a block at the end of the address space", vpc("vpc-1", "255.255.255.0/24"), [], ["255.255.255.2/32"]],
])("%s", (_name, ofVpc, subnets, expected) => {
  expect(unfilteredPrefixes(ofVpc, subnets).map(formatPrefix)).toEqual([...EVERYWHERE, ...expected]);
});
