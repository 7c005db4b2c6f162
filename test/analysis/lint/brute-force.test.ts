import * as fc from "fast-check";
import { expect, test } from "vitest";
import { missingReturnRanges, unreachableEntries } from "../../../src/analysis/lint/acl-entries.ts";
import { impliedRules } from "../../../src/analysis/lint/implied-rules.ts";
import { membersOf } from "../../../src/analysis/lint/rule-boxes.ts";
import type { NetworkAclEntry, Peer, SecurityGroupRule, Snapshot } from "../../../src/model/model.ts";
import type { ServiceMatch } from "../../../src/model/rule-match.ts";
import { prefixContains } from "../../../src/net/address.ts";
import { entry, networkInterface, prefix, rule, snapshotOf } from "./snapshots.ts";

// A space small enough to try every point: 16 addresses and one outside, ports 0-3 and one above, a protocol no rule names, ICMP types 0 and 1,
// codes 0 and 255, and others. Whatever a rule can say here is decided by these points.
const BASE = 0x0a000000;
const ADDRESSES = [...Array(16).keys()].map((low) => BASE + low).concat(0x0b000000);
const PACKETS = [
  ...[6, 17].flatMap((protocol) => [0, 1, 2, 3, 4].map((port) => ({ protocol, port, type: 0, code: 0 }))),
  ...[0, 1, 2].flatMap((type) => [0, 1, 255].map((code) => ({ protocol: 1, port: 0, type, code }))),
  ...[47, 99].map((protocol) => ({ protocol, port: 0, type: 0, code: 0 })),
];
type Packet = (typeof PACKETS)[number];

const ports = fc.option(fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })));
const icmp = fc.option(fc.record({ type: fc.nat(1), code: fc.constantFrom(-1, 0, 255) }));
const match: fc.Arbitrary<ServiceMatch> = fc.oneof(
  fc.record({ protocol: fc.constantFrom(6, 17), ports, icmp: fc.constant(null) }),
  fc.record({ protocol: fc.constant(1), ports: fc.constant(null), icmp }),
  fc.record({ protocol: fc.constantFrom(-1, -1, 47), ports: fc.constant(null), icmp: fc.constant(null) }),
);
const cidr = fc.oneof(
  fc.constant("0.0.0.0/0"),
  fc.tuple(fc.nat(15), fc.integer({ min: 28, max: 32 })).map(([low, length]) => `10.0.0.${low}/${length}`),
);

function matches({ protocol, ports, icmp }: ServiceMatch, packet: Packet): boolean {
  if (protocol !== -1 && protocol !== packet.protocol) return false;
  if (ports && (packet.port < ports.from || packet.port > ports.to)) return false;
  return !icmp || (icmp.type === packet.type && (icmp.code === -1 || icmp.code === packet.code));
}

test("property: the entries found unreachable are those that decide no packet", () => {
  const entries = fc
    .array(fc.record({ match, cidr, action: fc.constantFrom("allow" as const, "deny" as const) }), { maxLength: 7 })
    .map((list) => list.map(({ match, ...facts }, index) => entry(index + 1, { ...match, ...facts })));
  fc.assert(
    fc.property(entries, (entries) => {
      const deciding = new Map<string, Set<string>>(entries.map((one) => [one.id, new Set()]));
      for (const address of ADDRESSES) {
        for (const packet of PACKETS) {
          const hit = entries.filter((one) => matches(one, packet) && prefixContains(one.prefix, [address]));
          for (const one of hit) deciding.get(one.id)!.add(hit[0].id);
        }
      }
      const expected = entries
        .filter((one) => !deciding.get(one.id)!.has(one.id))
        .map((one) => {
          const by = [...deciding.get(one.id)!];
          const contrary = by.some((id) => entries.find((other) => other.id === id)!.action !== one.action);
          return [contrary ? "nacl-entry-shadowed" : "nacl-entry-redundant", one.id, by.sort()];
        });
      const findings = [...unreachableEntries(snapshotOf({ entries }))];
      expect(findings.map((one) => [one.check, one.ruleIds[0], one.coveringRuleIds.toSorted()])).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

// Ports at which the ranges of these entries begin or end, and those between.
const EDGES = [0, 1024, 32768, 65535, 65536];
const EDGE_PORTS = [0, 1023, 1024, 32767, 32768, 65534, 65535];

test("property: a return range is missing exactly where a reply to an ephemeral port would be denied", () => {
  const edgePorts = fc
    .tuple(fc.nat(3), fc.integer({ min: 1, max: 4 }))
    .map(([from, length]) => ({ from: EDGES[from], to: EDGES[Math.min(from + length, 4)] - 1 }));
  const tcp = fc.record({ protocol: fc.constantFrom(-1, 6), ports: fc.option(edgePorts) });
  const facts = fc.record({
    match: tcp.map(({ protocol, ports }) => ({ protocol, ports: protocol === 6 ? ports : null })),
    cidr,
    action: fc.constantFrom("allow" as const, "deny" as const),
    direction: fc.constantFrom("ingress" as const, "egress" as const),
  });
  const entries = fc.array(facts, { maxLength: 6 }).map((list) => [
    ...list.map(({ match, ...rest }, index) => entry(index + 1, { ...match, ...rest })),
    ...(["ingress", "egress"] as const).map((direction) => ({
      ...entry(32767, { direction, action: "deny", cidr: "0.0.0.0/0" }),
      id: `acl-1/${direction}/*`,
    })),
  ]);
  fc.assert(
    fc.property(entries, (entries) => {
      const first = (direction: string, port: number, address: number): NetworkAclEntry =>
        entries.find(
          (one) =>
            one.direction === direction &&
            matches(one, { protocol: 6, port, type: 0, code: 0 }) &&
            prefixContains(one.prefix, [address]),
        )!;
      const expected = entries.filter((one) => {
        const wide = one.ports && one.ports.from >= 1024 && one.ports.to - one.ports.from >= 16383;
        const back = one.direction === "ingress" ? "egress" : "ingress";
        return (
          one.action === "allow" &&
          !wide &&
          ADDRESSES.some(
            (address) =>
              EDGE_PORTS.some((port) => first(one.direction, port, address) === one) &&
              EDGE_PORTS.some((port) => port >= 1024 && first(back, port, address).action === "deny"),
          )
        );
      });
      const findings = [...missingReturnRanges(snapshotOf({ entries }))].filter((one) => one.message.includes("tcp"));
      expect(findings.map((one) => one.ruleIds[0]).sort()).toEqual(expected.map((one) => one.id).sort());
    }),
    { numRuns: 1000 },
  );
});

const peer: fc.Arbitrary<Peer> = fc.oneof(
  cidr.map(prefix),
  fc
    .constantFrom("sg-a", "sg-b", "sg-c")
    .map((id): Peer => ({ kind: "group", id, userId: null, peeringId: null, peeringStatus: null })),
);
const groupRules = fc
  .array(fc.record({ group: fc.constantFrom("sg-a", "sg-b", "sg-c"), match, peer }), { maxLength: 8 })
  .map((list) => list.map(({ group, match, peer }, index) => rule(`sgr-${index}`, group, { ...match, peer })));
const attached = fc
  .array(fc.uniqueArray(fc.constantFrom("sg-a", "sg-b", "sg-c"), { maxLength: 3 }), { maxLength: 3 })
  .map((sets) => sets.map((set, index) => networkInterface(`eni-${index}`, set, `10.0.0.${index * 3}`)));

/** What each set of groups allows, as the rules that allow each point. A group on no interface is a set of its own. */
function allowed(snapshot: Snapshot, gone: ReadonlySet<string>): Map<string, SecurityGroupRule[]> {
  const interfaces = [...snapshot.interfaces.values()];
  const lone = [...snapshot.securityGroups.keys()].filter((id) => !interfaces.some((one) => one.groupIds.includes(id)));
  const points = new Map<string, SecurityGroupRule[]>();
  for (const set of [...interfaces.map((one) => one.groupIds), ...lone.map((id) => [id])]) {
    const rules = set.flatMap((id) => snapshot.securityGroups.get(id)!.rules).filter((one) => !gone.has(one.id));
    for (const address of ADDRESSES) {
      for (const packet of PACKETS) {
        const hit = rules.filter((one) => matches(one, packet) && isPeer(one.peer, address, snapshot));
        if (hit.length > 0) points.set(JSON.stringify([set, address, packet]), hit);
      }
    }
  }
  return points;
}

function isPeer(peer: Peer, address: number, { interfaces }: Snapshot): boolean {
  if (peer.kind === "cidr") return prefixContains(peer.prefix, [address]);
  const members = [...interfaces.values()].filter((one) => one.groupIds.includes(peer.id));
  return members.some((one) => one.addresses.some(({ words }) => words[0] === address));
}

test("property: all implied rules can be removed together, and then every rule that is left is needed", () => {
  fc.assert(
    fc.property(groupRules, attached, (rules, interfaces) => {
      // Every group that rules refer to is in the model.
      const groups = ["sg-a", "sg-b", "sg-c"].map((id) =>
        rule(`${id}-own`, id, { protocol: 200, peer: prefix("192.0.2.1/32") }),
      );
      const snapshot = snapshotOf({ rules: [...rules, ...groups], interfaces });
      const gone = new Set(impliedRules(snapshot, membersOf(snapshot)).flatMap((one) => one.ruleIds));
      const before = allowed(snapshot, new Set());
      const after = allowed(snapshot, gone);
      expect([...after.keys()]).toEqual([...before.keys()]);
      const needed = new Set([...after.values()].filter((hit) => hit.length === 1).map(([only]) => only.id));
      const effective = new Set([...before.values()].flat().map((one) => one.id));
      const kept = rules.map((one) => one.id).filter((id) => !gone.has(id) && effective.has(id));
      expect(kept.filter((id) => !needed.has(id))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});
