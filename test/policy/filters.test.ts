import { describe, expect, test } from "vitest";
import { PEER_EXACT, PEER_NLB, PEER_UNRESOLVED } from "../../src/model/resolve.ts";
import { type CompiledRule, type FilterMatch, matchFilter } from "../../src/policy/filters.ts";
import { ICMP, TCP, UDP } from "../../src/net/protocols.ts";
import { buildServices, serviceOf } from "../../src/policy/services.ts";

// Peers of the tables below: `in` contains the address, `out` does not; the others are not known for certain.
const IN = 0;
const OUT = 1;
const UNRESOLVED = 2;
const NLB = 3;
const DOUBTS = { states: [PEER_EXACT, PEER_EXACT, PEER_UNRESOLVED, PEER_NLB], unknownMembers: [] };
const MEMBERS = new Set([IN]);

const services = buildServices(
  [
    { from: 443, to: 443 },
    { from: 8000, to: 8010 },
  ],
  [{ from: 53, to: 53 }],
);
const rule = (index: number, facts: Partial<CompiledRule>): CompiledRule => ({
  index,
  peer: IN,
  protocol: -1,
  from: 0,
  to: 65_535,
  icmpType: -1,
  icmpCode: -1,
  allow: true,
  open: false,
  ...facts,
});
const https = { protocol: TCP, from: 443, to: 443 };
const dns = { protocol: UDP, from: 53, to: 53 };
const ping = { protocol: ICMP, icmpType: 8 };

function ask(
  kind: "sg" | "nacl",
  rules: Partial<CompiledRule>[],
  [protocol, port]: readonly [number, number],
): FilterMatch {
  const compiled = rules.map((facts, index) => rule(index, facts));
  const filter = { kind, rules: compiled, untrackedTcp: 0, untrackedUdp: 0, alwaysTracked: -1 };
  return matchFilter(filter, services, serviceOf(services, protocol, port), MEMBERS, DOUBTS, 1);
}

const T443 = [TCP, 443] as const;
type Row = [string, Partial<CompiledRule>[], readonly [number, number], Partial<FilterMatch>];

describe("security groups: any matching rule allows, and all of them are listed", () => {
  test.each<Row>([
    ["no rule", [], T443, { answer: "deny", rules: [], possible: [], doubt: null }],
    ["port and peer", [https], T443, { answer: "allow", rules: [0], named: true }],
    ["all protocols", [{}], T443, { answer: "allow", rules: [0], named: false }],
    ["another port", [{ ...https, from: 444, to: 500 }], T443, { answer: "deny", rules: [], named: false }],
    ["first port of a range", [{ protocol: TCP, from: 443, to: 8010 }], T443, { answer: "allow" }],
    ["last port of a range", [{ protocol: TCP, from: 8000, to: 8010 }], [TCP, 8010], { answer: "allow" }],
    ["port after a range", [{ protocol: TCP, from: 8000, to: 8010 }], [TCP, 8011], { answer: "deny" }],
    ["another protocol", [dns], T443, { answer: "deny" }],
    ["same port of UDP", [https], [UDP, 443], { answer: "deny" }],
    [
      "a number other than TCP, UDP, ICMP: ports ignored",
      [{ protocol: 47, from: 1, to: 2 }],
      [47, -1],
      { answer: "allow" },
    ],
    ["another peer", [{ ...https, peer: OUT }], T443, { answer: "deny", possible: [] }],
    ["all that match", [https, { ...https, peer: OUT }, {}, dns], T443, { answer: "allow", rules: [0, 2] }],
    [
      "unresolved peer",
      [{ ...https, peer: UNRESOLVED }],
      T443,
      { answer: "undecided", possible: [0], doubt: "unresolved_reference" },
    ],
    [
      "behind a load balancer",
      [{ ...https, peer: NLB }],
      T443,
      { answer: "undecided", possible: [0], doubt: "nlb_client_ip" },
    ],
    ["unresolved, but another port", [{ ...dns, peer: UNRESOLVED }], T443, { answer: "deny", possible: [] }],
    [
      "certain beside a perhaps",
      [{ ...https, peer: UNRESOLVED }, https],
      T443,
      { answer: "allow", rules: [1], possible: [0], because: [2], doubt: null },
    ],
    ["ICMP type", [ping], [ICMP, -1], { answer: "undecided", possible: [0], doubt: "icmp_type_unknown" }],
    [
      "ICMP type of an unresolved peer, and of one behind a load balancer: every cause of each",
      [
        { ...ping, peer: UNRESOLVED },
        { ...ping, peer: NLB },
      ],
      [ICMP, -1],
      { answer: "undecided", possible: [0, 1], because: [1 + 2, 1 + 4] },
    ],
    ["every ICMP type", [{ protocol: ICMP }], [ICMP, -1], { answer: "allow", rules: [0] }],
    ["port not recorded", [https], [TCP, -1], { answer: "undecided", possible: [0], doubt: "field_absent" }],
    ["port not recorded, every port", [{ protocol: TCP }], [TCP, -1], { answer: "allow", rules: [0] }],
    ["protocol not recorded", [https], [-1, -1], { answer: "undecided", doubt: "field_absent" }],
    ["protocol not recorded, everything", [{}], [-1, -1], { answer: "allow" }],
  ])("%s", (_name, rules, service, expected) => expect(ask("sg", rules, service)).toMatchObject(expected));
});

const deny = { allow: false };
describe("network ACLs: the first matching entry decides", () => {
  test.each<Row>([
    ["no entry", [], T443, { answer: "deny", rules: [] }],
    ["the first of two", [https, { ...https, ...deny }], T443, { answer: "allow", rules: [0] }],
    ["a deny before an allow", [{ ...https, ...deny }, {}], T443, { answer: "deny", rules: [0], possible: [] }],
    ["passes over other ports and peers", [dns, { ...https, peer: OUT }, deny], T443, { answer: "deny", rules: [2] }],
    [
      "ICMP type, then the same action",
      [ping, { protocol: ICMP }],
      [ICMP, -1],
      { answer: "allow", rules: [], possible: [0, 1] },
    ],
    [
      "ICMP type, then the other action",
      [ping, deny],
      [ICMP, -1],
      { answer: "undecided", rules: [], possible: [0, 1], doubt: "icmp_type_unknown" },
    ],
    ["denied type, then an allow", [{ ...ping, ...deny }, {}], [ICMP, -1], { answer: "undecided", possible: [0, 1] }],
    ["a perhaps and nothing after", [ping], [ICMP, -1], { answer: "undecided", possible: [0] }],
    ["a perhaps that denies and nothing after", [{ ...ping, ...deny }], [ICMP, -1], { answer: "deny", possible: [0] }],
    ["port not recorded", [https, deny], [TCP, -1], { answer: "undecided", doubt: "field_absent" }],
  ])("%s", (_name, rules, service, expected) => expect(ask("nacl", rules, service)).toMatchObject(expected));

  test("the likely entries for an echo request and its reply are named", () => {
    const reply = { protocol: ICMP, icmpType: 0, ...deny };
    const request = { ...ping, icmpCode: 0 };
    const wrongCode = { ...ping, icmpCode: 3 };
    expect(ask("nacl", [wrongCode, reply, request, deny], [ICMP, -1]).echo).toEqual({
      request: { allow: true, rule: 2 },
      reply: { allow: false, rule: 1 },
    });
    expect(ask("nacl", [{ ...ping, peer: OUT }], [ICMP, -1]).echo).toBeNull();
    expect(ask("nacl", [{ protocol: ICMP }], [ICMP, -1]).echo).toBeNull();
  });
});

describe("untracked: an open rule admits, and the opposite direction lets every response of the family pass", () => {
  const IPV4_BIT = 1 << 1;
  const IPV6_BIT = 1 << 2;
  test.each<
    [string, Partial<CompiledRule>[], readonly [number, number], { tcp: number; udp: number }, number, boolean]
  >([
    ["open both ways", [{ ...https, open: true }], T443, { tcp: IPV4_BIT, udp: 0 }, 1, true],
    ["admitted by a closed rule", [https], T443, { tcp: IPV4_BIT, udp: 0 }, 1, false],
    ["responses of the other family only", [{ ...https, open: true }], T443, { tcp: IPV6_BIT, udp: 0 }, 1, false],
    ["IPv6", [{ ...https, open: true }], T443, { tcp: IPV6_BIT, udp: 0 }, 2, true],
    ["responses of the other protocol only", [{ ...dns, open: true }], [UDP, 53], { tcp: IPV4_BIT, udp: 0 }, 1, false],
    ["UDP", [{ ...dns, open: true }], [UDP, 53], { tcp: 0, udp: IPV4_BIT }, 1, true],
    ["ICMP is always tracked", [{ protocol: ICMP, open: true }], [ICMP, -1], { tcp: 6, udp: 6 }, 1, false],
    [
      "an open rule for another port",
      [https, { ...dns, open: true }],
      T443,
      { tcp: IPV4_BIT, udp: IPV4_BIT },
      1,
      false,
    ],
  ])("%s", (_name, rules, [protocol, port], { tcp, udp }, family, untracked) => {
    const compiled = rules.map((facts, index) => rule(index, facts));
    const filter = { kind: "sg", rules: compiled, untrackedTcp: tcp, untrackedUdp: udp, alwaysTracked: -1 } as const;
    const service = serviceOf(services, protocol, port);
    expect(matchFilter(filter, services, service, MEMBERS, DOUBTS, family).untracked).toBe(untracked);
  });
});
