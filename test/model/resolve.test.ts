import { expect, test } from "vitest";
import type { Peer } from "../../src/model/model.ts";
import { isUnlogged, PEER_EXACT, PEER_NLB, PEER_UNRESOLVED, resolverOf } from "../../src/model/resolve.ts";
import { formatPrefix } from "../../src/net/address.ts";
import { parseAddress } from "../../src/net/parse.ts";
import { networkInterface, prefix, rule } from "../analysis/lint/snapshots.ts";
import { block, networkOf, subnet, vpc } from "../policy/parts.ts";

const group = (id: string, facts: Partial<Peer & { kind: "group" }> = {}): Peer => ({
  kind: "group",
  id,
  userId: "123456789012",
  peeringId: null,
  peeringStatus: null,
  ...facts,
});
const member = {
  ...networkInterface("eni-1", ["sg-app"], "10.0.0.5", "10.0.0.6", "2001:db8::5"),
  prefixes: [block("10.0.0.16/28")],
};
const balancer = { ...networkInterface("eni-2", ["sg-nlb"], "10.0.0.9"), type: "network_load_balancer" };
const snapshot = networkOf({
  interfaces: [member, networkInterface("eni-3", ["sg-app"], "10.0.0.7"), balancer],
  rules: [rule("sgr-1", "sg-empty")],
  lists: { "pl-1": ["10.1.0.0/16", "2001:db8:1::/48"], "pl-empty": [], "pl-unread": null },
});

test.each<[string, Peer, string[], number]>([
  ["a block", prefix("10.0.0.0/8"), ["10.0.0.0/8"], PEER_EXACT],
  ["a prefix list", { kind: "prefix-list", id: "pl-1" }, ["10.1.0.0/16", "2001:db8:1::/48"], PEER_EXACT],
  ["an empty prefix list", { kind: "prefix-list", id: "pl-empty" }, [], PEER_EXACT],
  ["a prefix list without entries in the model", { kind: "prefix-list", id: "pl-unread" }, [], PEER_UNRESOLVED],
  ["a prefix list that the model lacks", { kind: "prefix-list", id: "pl-other" }, [], PEER_UNRESOLVED],
  [
    "a group: all private addresses and prefixes of its members",
    group("sg-app"),
    ["10.0.0.5/32", "10.0.0.6/32", "2001:db8::5/128", "10.0.0.16/28", "10.0.0.7/32"],
    PEER_EXACT,
  ],
  ["a group without members", group("sg-empty"), [], PEER_EXACT],
  ["the group of a load balancer", group("sg-nlb"), ["10.0.0.9/32"], PEER_NLB],
  ["a group of nobody's", group("sg-other"), [], PEER_UNRESOLVED],
  ["a deleted group", group("sg-other", { userId: null }), [], PEER_EXACT],
  [
    "a group behind a deleted peering",
    group("sg-other", { peeringId: "pcx-1", peeringStatus: "deleted" }),
    [],
    PEER_EXACT,
  ],
  [
    "a group of the model behind a deleted peering",
    group("sg-app", { peeringId: "pcx-1", peeringStatus: "deleted" }),
    [],
    PEER_EXACT,
  ],
  [
    "a group behind an active peering",
    group("sg-other", { peeringId: "pcx-1", peeringStatus: "active" }),
    [],
    PEER_UNRESOLVED,
  ],
])("%s stands for its addresses", (_name, peer, blocks, state) => {
  const addresses = resolverOf(snapshot).addressesOf(peer);
  expect(addresses.blocks.map(formatPrefix)).toEqual(blocks);
  expect(addresses.state).toBe(state);
});

test.each<[string, Peer, string, string]>([
  ["an address of a member is the group's", group("sg-app"), "10.0.0.6", "yes"],
  ["an address of a delegated prefix is the group's", group("sg-app"), "10.0.0.20", "yes"],
  ["no other address is the group's", group("sg-app"), "10.0.0.9", "no"],
  ["any address may be that of a group with a load balancer", group("sg-nlb"), "192.0.2.1", "perhaps"],
  ["any address may be that of a group nobody gave us", group("sg-other"), "10.0.0.5", "perhaps"],
  ["no address is that of a deleted group", group("sg-other", { userId: null }), "10.0.0.5", "no"],
  [
    "no member is reached over a deleted peering",
    group("sg-app", { peeringId: "pcx-1", peeringStatus: "deleted" }),
    "10.0.0.5",
    "no",
  ],
  ["an address of an entry is the list's", { kind: "prefix-list", id: "pl-1" }, "2001:db8:1::7", "yes"],
  [
    "any address may be that of a list without entries",
    { kind: "prefix-list", id: "pl-unread" },
    "10.0.0.5",
    "perhaps",
  ],
  ["a block holds no address of the other family", prefix("0.0.0.0/0"), "::1", "no"],
])("%s", (_name, peer, text, answer) => {
  const resolver = resolverOf(snapshot);
  const address = parseAddress(text)!;
  expect(resolver.matches(peer, address, resolver.holdersOf(address))).toBe(answer);
});

test("across an appliance a reference to a group does not match its members", () => {
  expect(resolverOf(snapshot).matches(group("sg-app"), parseAddress("10.0.0.6")!, [])).toBe("no");
});

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
  ["no VPC known", [], [], []],
  ["Amazon DNS at base + 2 of the primary block", [vpc("vpc-1", "10.0.0.0/16", "10.9.0.0/16")], [], ["10.0.0.2/32"]],
  ["a VPC whose first block is IPv6", [vpc("vpc-1", "2001:db8::/56", "10.0.0.0/16")], [], ["10.0.0.2/32"]],
  [
    "the router at base + 1 of each IPv4 block",
    [],
    [subnet("a", "10.0.1.0/24", "2001:db8::/64"), subnet("b", "10.0.2.16/28")],
    ["10.0.1.1/32", "10.0.2.17/32"],
  ],
  ["a block at the end of the address space", [vpc("vpc-1", "255.255.255.0/24")], [], ["255.255.255.2/32"]],
])("no layer filters traffic with AWS's own addresses: %s", (_name, vpcs, subnets, expected) => {
  const found = resolverOf(networkOf({ vpcs, subnets })).unfilteredIn("vpc-1");
  expect(found.map(formatPrefix)).toEqual([...EVERYWHERE, ...expected]);
});

test.each([
  ["DHCP", 17, { from: 67, to: 68 }, null, true],
  ["DHCPv6", 17, { from: 547, to: 547 }, null, true],
  ["more than DHCP", 17, { from: 67, to: 69 }, null, false],
  ["Amazon DNS of the VPC", 17, { from: 53, to: 53 }, block("10.0.0.2/32"), true],
  ["the VPC", 17, { from: 53, to: 53 }, block("10.0.0.0/16"), false],
])("a rule for %s: can a flow log show its traffic?", (_name, protocol, ports, peer, unlogged) => {
  const network = networkOf({ vpcs: [vpc("vpc-1", "10.0.0.0/16")] });
  expect(isUnlogged(network, "vpc-1", { protocol, ports, prefix: peer })).toBe(unlogged);
});
