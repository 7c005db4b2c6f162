import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prefixAddresses, ruleServices } from "../../../src/analysis/breadth.ts";
import { type Limits, narrowRule } from "../../../src/change/tighten/narrow.ts";
import { admitsService, type RuleMatch, type ObservedService } from "../../../src/change/tighten/required-flows.ts";
import type { SecurityGroupRule } from "../../../src/model/model.ts";
import { formatPeer } from "../../../src/model/security-group-rules.ts";
import { formatPrefix, type Prefix } from "../../../src/net/address.ts";
import { hostPrefix, parseAddress, parsePrefix } from "../../../src/net/parse.ts";
import { holdsPrefix } from "../../../src/net/prefixes.ts";
import { prefix, rule, snapshotOf } from "../../analysis/lint/snapshots.ts";

const LIMITS: Limits = { maxRules: 10, shortest4: 24, shortest6: 64, portGap: 0, references: false };
const use = (peer: string, port: number, protocol = 6): ObservedService => ({
  peer: hostPrefix(parseAddress(peer)!),
  protocol,
  port,
});
const open = (facts: Partial<SecurityGroupRule>): SecurityGroupRule => rule("sgr-1", "sg-1", facts);
const text = (one: RuleMatch): string =>
  `${one.protocol} ${one.ports ? `${one.ports.from}-${one.ports.to}` : "all"} ${formatPeer(one.peer)}`;
const held = (match: RuleMatch, one: ObservedService): boolean =>
  admitsService(match, one, (peer) => (peer.kind === "cidr" ? [peer.prefix] : []));

describe("one rule for each service and network that was used", () => {
  const narrowed = (
    facts: Partial<SecurityGroupRule>,
    uses: ObservedService[],
    limits: Partial<Limits> = {},
  ): string[] | null => {
    const old = open(facts);
    const { chosen } = narrowRule(old, uses, snapshotOf({ rules: [old] }), { ...LIMITS, ...limits });
    return chosen && chosen.rules.map(text).sort();
  };
  const mixed = [use("192.0.2.1", 443), use("192.0.2.9", 443), use("198.51.100.7", 8443), use("192.0.2.1", 0, 1)];

  test("networks as wide as allowed, ports as they were used, protocols apart", () => {
    expect(narrowed({}, mixed)).toEqual([
      "1 all 192.0.2.1/32",
      "6 443-443 192.0.2.0/28",
      "6 8443-8443 198.51.100.7/32",
    ]);
    expect(narrowed({}, mixed, { shortest4: 32 })).toHaveLength(4);
    expect(narrowed({}, mixed, { maxRules: 2 })).toBeNull();
  });

  test("ports join where no unused port lies between, or as many as allowed", () => {
    const ports = [8080, 8081, 8083].map((port) => use("10.0.0.1", port));
    expect(narrowed({ protocol: 6 }, ports)).toEqual(["6 8080-8081 10.0.0.1/32", "6 8083-8083 10.0.0.1/32"]);
    expect(narrowed({ protocol: 6 }, ports, { portGap: 1 })).toEqual(["6 8080-8083 10.0.0.1/32"]);
  });

  test("of a reference that stays only the ports are narrowed; of an ICMP rule the peers", () => {
    const peer = { kind: "prefix-list", id: "pl-unknown" } as const;
    expect(narrowed({ protocol: 6, peer }, [use("10.0.0.1", 443)])).toEqual(["6 443-443 pl-unknown"]);
    const icmp = { type: 8, code: -1 };
    const old = open({ protocol: 1, icmp });
    const { chosen } = narrowRule(old, [use("10.0.0.1", 0, 1)], snapshotOf({ rules: [old] }), LIMITS);
    expect(chosen?.rules.map(({ icmp, peer }) => [icmp, formatPeer(peer)])).toEqual([[icmp, "10.0.0.1/32"]]);
  });

  test("nothing narrower, or hardly: nothing chosen", () => {
    const spread = Array.from({ length: 120 }, (_, at) => use(`192.0.2.${at + 1}`, 443));
    expect(narrowed({ protocol: 6, ports: { from: 443, to: 443 }, peer: prefix("192.0.2.0/25") }, spread)).toBeNull();
    expect(
      narrowed({ protocol: 6, ports: { from: 443, to: 443 }, peer: prefix("192.0.2.1/32") }, [use("192.0.2.1", 443)]),
    ).toBeNull();
  });

  test("the curve falls: more rules let less pass, and each admits every use", () => {
    const old = open({});
    const uses = Array.from({ length: 40 }, (_, at) => use(`10.${at % 5}.${at % 3}.${at}`, 1000 + (at % 4) * 50));
    const { curve, chosen, needed } = narrowRule(old, uses, snapshotOf({ rules: [old] }), LIMITS);
    expect(needed).toBeGreaterThan(10);
    expect(chosen).toBeNull();
    expect(curve.length).toBeGreaterThan(3);
    for (const { rules, withinLimits } of curve) {
      expect(withinLimits).toBe(false);
      expect(uses.every((one) => rules.some((match) => held(match, one)))).toBe(true);
    }
    const breadths = curve.map(({ breadth }) => breadth);
    expect(breadths).toEqual(breadths.toSorted((a, b) => b - a));
  });
});

/** Blocks of a /30 with ranges of four ports: every rule there could be. */
const BLOCKS: readonly Prefix[] = [
  "192.0.2.0/32",
  "192.0.2.1/32",
  "192.0.2.2/32",
  "192.0.2.3/32",
  "192.0.2.0/31",
  "192.0.2.2/31",
  "192.0.2.0/30",
].map((block) => parsePrefix(block)!.prefix);
const RANGES = [1, 2, 3, 4].flatMap((from) => [1, 2, 3, 4].filter((to) => to >= from).map((to) => ({ from, to })));

test("no set of rules that brute force finds is smaller, and none of that size lets less pass", () => {
  const old = open({ protocol: 6 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(15), { minLength: 1, maxLength: 7 }),
      fc.constantFrom(30, 31, 32),
      fc.nat(2),
      (cells, shortest4, portGap) => {
        const uses = cells.map((cell) => use(`192.0.2.${cell >> 2}`, (cell & 3) + 1));
        const ports = new Set(uses.map(({ port }) => port));
        const ranges = RANGES.filter(({ from, to }) => {
          if (!ports.has(from) || !ports.has(to)) return false;
          const used = [...ports].filter((port) => port >= from && port <= to).sort();
          return used.every((port, at) => at === 0 || port - used[at - 1] - 1 <= portGap);
        });
        const rules = ranges.flatMap((range) =>
          BLOCKS.map((block): RuleMatch => ({
            protocol: 6,
            ports: range,
            icmp: null,
            peer: { kind: "cidr", prefix: block },
          })).filter(
            (match) => match.peer.kind === "cidr" && (match.peer.prefix.length >= shortest4 || isFull(match, uses)),
          ),
        );
        const best = bruteForce(rules, uses);
        const { chosen } = narrowRule(old, uses, snapshotOf({ rules: [old] }), { ...LIMITS, shortest4, portGap });
        expect(chosen).not.toBeNull();
        expect(uses.every((one) => chosen!.rules.some((match) => held(match, one)))).toBe(true);
        const volume = chosen!.rules.reduce((sum, match) => sum + volumeOf(match), 0);
        expect([chosen!.rules.length, volume]).toEqual([best.count, best.volume]);
      },
    ),
    { numRuns: 200 },
  );
});

/** Every address of the block uses a port of the range. */
function isFull({ peer, ports }: RuleMatch, uses: readonly ObservedService[]): boolean {
  const users = uses
    .filter(({ port }) => port >= ports!.from && port <= ports!.to)
    .map((one) => formatPrefix(one.peer));
  return BLOCKS.slice(0, 4).every(
    (host) => (peer.kind === "cidr" && !holdsPrefix(peer.prefix, host)) || users.includes(formatPrefix(host)),
  );
}

function volumeOf(match: RuleMatch): number {
  return (match.peer.kind === "cidr" ? prefixAddresses(match.peer.prefix) : 0) * ruleServices(match);
}

/** The fewest rules that admit all uses, and the least that so few let pass. */
function bruteForce(rules: readonly RuleMatch[], uses: readonly ObservedService[]): { count: number; volume: number } {
  const masks = rules.map((match) => uses.reduce((mask, one, at) => (held(match, one) ? mask | (1 << at) : mask), 0));
  const all = (1 << uses.length) - 1;
  let best = new Map([[0, 0]]);
  for (let count = 1; ; count++) {
    const next = new Map<number, number>();
    for (const [mask, volume] of best) {
      masks.forEach((own, at) => {
        const sum = volume + volumeOf(rules[at]);
        if (sum < (next.get(mask | own) ?? Infinity)) next.set(mask | own, sum);
      });
    }
    best = next;
    const volume = best.get(all);
    if (volume !== undefined) return { count, volume };
  }
}
