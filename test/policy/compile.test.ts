import { describe, expect, test } from "vitest";
import type { NetworkInterface, SecurityGroupRule } from "../../src/model/model.ts";
import { IPV4, IPV6 } from "../../src/net/address.ts";
import { type CompiledPolicy, compileModel } from "../../src/policy/compile.ts";
import type { Filter } from "../../src/policy/filters.ts";
import { NOT_IN_SNAPSHOT } from "../../src/policy/interfaces.ts";
import { entry, networkInterface, prefix, rule } from "../analysis/lint/snapshots.ts";
import { acl, modelOf, networkOf, subnet } from "./parts.ts";

const https = (id: string, facts: Partial<SecurityGroupRule> = {}): SecurityGroupRule =>
  rule(id, "sg-web", { protocol: 6, ports: { from: 443, to: 443 }, ...facts });
const web = networkInterface("eni-web", ["sg-web"], "10.0.1.5");
const db = networkInterface("eni-db", ["sg-db"], "10.0.2.5");
const before = networkOf(
  { rules: [https("sgr-1"), https("sgr-2")], interfaces: [web, db] },
  { name: "before", since: 1000 },
);
const after = networkOf(
  { rules: [https("sgr-3"), https("sgr-2")], interfaces: [db, web] },
  { name: "after", since: 2000 },
);

const ids = (policy: CompiledPolicy, { rules }: Filter): string[] => rules.map((one) => policy.ruleIds[one.index]);
const ingressOf = (policy: CompiledPolicy, snapshot: number, eni: string): Filter => {
  const { filters, interfaces } = policy.snapshots[snapshot];
  return filters[interfaces.sgIngress[policy.interfaceIds.indexOf(eni)]];
};

test("a rule has one index in all snapshots, and known rules keep theirs", () => {
  const policy = compileModel(modelOf(before, after));
  expect([0, 1].map((at) => ids(policy, ingressOf(policy, at, "eni-web")))).toEqual([
    ["sgr-1", "sgr-2"],
    ["sgr-3", "sgr-2"],
  ]);
  expect(new Set(policy.ruleIds).size).toBe(policy.ruleIds.length);

  const later = compileModel(modelOf(after), [], ["sgr-gone", "sgr-2"]);
  expect(later.ruleIds.slice(0, 2)).toEqual(["sgr-gone", "sgr-2"]);
  expect(ids(later, ingressOf(later, 0, "eni-web"))).toEqual(["sgr-3", "sgr-2"]);
});

test("known interfaces keep their numbers, even if no snapshot has them", () => {
  const policy = compileModel(modelOf(before), ["eni-gone", "eni-db"]);
  expect(policy.interfaceIds).toEqual(["eni-gone", "eni-db", "eni-web"]);
  expect([...policy.snapshots[0].interfaces.sgIngress].map((filter) => filter === NOT_IN_SNAPSHOT)).toEqual([
    true,
    false,
    false,
  ]);
});

test("the first snapshot is in force for all earlier times", () => {
  expect(compileModel(modelOf(before, after)).snapshots.map(({ since }) => since)).toEqual([-Infinity, 2000]);
  expect(compileModel(modelOf())).toMatchObject({
    snapshots: [],
    ruleIds: [],
    interfaceIds: [],
    timeouts: new Map(),
    namedPorts: { tcp: [], udp: [] },
  });
});

test("interfaces with the same groups share filters, whatever the order of the groups", () => {
  const [a, b] = [
    ["sg-a", "sg-b"],
    ["sg-b", "sg-a"],
  ].map((groups, at) => networkInterface(`eni-${at}`, groups, `10.0.0.${at}`));
  const rules = [rule("sgr-a", "sg-a"), rule("sgr-b", "sg-b"), rule("sgr-out", "sg-a", { direction: "egress" })];
  const policy = compileModel(modelOf(networkOf({ rules, interfaces: [a, b] })));
  expect(policy.snapshots[0].filters).toHaveLength(2);
  expect(ids(policy, ingressOf(policy, 0, "eni-0"))).toEqual(["sgr-a", "sgr-b"]);
});

test("a group that the model lacks may allow anything", () => {
  const whole = networkOf({ interfaces: [networkInterface("eni-1", ["sg-absent"], "10.0.0.1")] });
  const policy = compileModel(modelOf({ ...whole, securityGroups: new Map() }));
  const { rules } = ingressOf(policy, 0, "eni-1");
  expect(rules).toMatchObject([{ protocol: -1, from: 0, to: 65_535 }]);
  expect(policy.snapshots[0].peerDoubts.states[rules[0].peer]).toBe(1);
});

test("network ACL entries are split by direction and keep their order and action", () => {
  const entries = [
    entry(90, { cidr: "10.0.0.0/8", action: "deny", protocol: 6, ports: { from: 22, to: 22 } }),
    entry(100, { cidr: "0.0.0.0/0" }),
    entry(100, { cidr: "::/0", direction: "egress", protocol: 58, icmp: { type: 128, code: 0 } }),
  ];
  const one = { ...web, subnetId: "subnet-1" };
  const parts = {
    interfaces: [one],
    subnets: [subnet("subnet-1", "10.0.1.0/24")],
    acls: [acl("acl-1", ["subnet-1"], entries)],
  };
  const policy = compileModel(modelOf(networkOf(parts)));
  const { filters, interfaces } = policy.snapshots[0];
  const [inward, outward] = [filters[interfaces.naclIngress[0]], filters[interfaces.naclEgress[0]]];
  expect(ids(policy, inward)).toEqual(["acl-1/ingress/90", "acl-1/ingress/100"]);
  expect(inward.rules).toMatchObject([
    { allow: false, from: 22, to: 22, open: false },
    { allow: true, from: 0, to: 65_535, open: true },
  ]);
  expect(outward.rules).toMatchObject([{ protocol: 58, icmpType: 128, icmpCode: 0, open: true }]);
});

test("named ports are those that some rule of some snapshot names alone", () => {
  const rules = [
    https("sgr-1"),
    https("sgr-2", { ports: { from: 8000, to: 8010 } }),
    https("sgr-3", { protocol: 17, ports: { from: 53, to: 53 } }),
  ];
  const [one, two] = [
    networkOf({ rules, interfaces: [web] }),
    networkOf({ rules: [https("sgr-4", { ports: { from: 9000, to: 9000 } })], interfaces: [web] }),
  ];
  expect(compileModel(modelOf(one, two)).namedPorts).toEqual({ tcp: [443, 9000], udp: [53] });
});

test("time-outs are those of the newest snapshot that knows the interface", () => {
  const with_ = (one: NetworkInterface, tcpEstablished: number | null): NetworkInterface => ({
    ...one,
    tracking: { ...one.tracking, tcpEstablished },
  });
  const snapshots = [
    [with_(web, 60), with_(db, 90)],
    [with_(web, 120)],
    [with_(web, null), networkInterface("eni-x", [], "10.0.0.9")],
  ];
  const policyOf = (count: number): CompiledPolicy =>
    compileModel(modelOf(...snapshots.slice(0, count).map((interfaces) => networkOf({ interfaces }))));
  const shown = (count: number): unknown =>
    [...policyOf(count).timeouts].map(([eni, own]) => [policyOf(count).interfaceIds[eni], own.tcpEstablished]);
  expect([1, 2, 3].map(shown)).toEqual([
    [
      ["eni-web", 60],
      ["eni-db", 90],
    ],
    [
      ["eni-web", 120],
      ["eni-db", 90],
    ],
    [["eni-db", 90]],
  ]);
});

describe("flows that are not tracked need an opposite direction that lets every response pass", () => {
  const open = (cidr: string, facts: Partial<SecurityGroupRule> = {}): SecurityGroupRule =>
    rule("sgr-out", "sg-web", { direction: "egress", peer: prefix(cidr), ...facts });
  const bit = (family: number): number => 1 << family;
  test.each<[string, SecurityGroupRule[], string, { tcp: number; udp: number }]>([
    ["everything over IPv4", [open("0.0.0.0/0")], "interface", { tcp: bit(IPV4), udp: bit(IPV4) }],
    [
      "both families",
      [open("0.0.0.0/0"), open("::/0")],
      "interface",
      { tcp: bit(IPV4) | bit(IPV6), udp: bit(IPV4) | bit(IPV6) },
    ],
    ["all ports of TCP", [open("0.0.0.0/0", { protocol: 6 })], "interface", { tcp: bit(IPV4), udp: 0 }],
    [
      "some ports only",
      [open("0.0.0.0/0", { protocol: 6, ports: { from: 1024, to: 65_535 } })],
      "interface",
      { tcp: 0, udp: 0 },
    ],
    ["half of the world", [open("0.0.0.0/1")], "interface", { tcp: 0, udp: 0 }],
    ["the same direction", [open("0.0.0.0/0", { direction: "ingress" })], "interface", { tcp: 0, udp: 0 }],
    ["a NAT gateway tracks everything", [open("0.0.0.0/0")], "nat_gateway", { tcp: 0, udp: 0 }],
  ])("%s", (_name, opposite, type, { tcp, udp }) => {
    const policy = compileModel(
      modelOf(networkOf({ rules: [https("sgr-1"), ...opposite], interfaces: [{ ...web, type }] })),
    );
    expect(ingressOf(policy, 0, "eni-web")).toMatchObject({ untrackedTcp: tcp, untrackedUdp: udp });
  });
});
