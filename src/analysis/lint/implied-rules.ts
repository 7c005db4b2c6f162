import type { SecurityGroup, SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { formatPeer } from "../../model/security-group-rules.ts";
import { addressCount, covering } from "../boxes.ts";
import { type CheckId, type LintFinding, lintFinding } from "./finding.ts";
import { few } from "./references.ts";
import { type Members, type Regions, resolvedRegions, statedRegions } from "./rule-boxes.ts";

/**
 * Rules that allow nothing that others do not allow: in their group, in the groups of every interface that carries it, or
 * with today's members. Narrow rules are looked at first, and a rule that is found no longer covers others: all of them can
 * be removed together, and the same traffic stays allowed.
 */
export function impliedRules(snapshot: Snapshot, members: Members): LintFinding[] {
  const rules: Candidate[] = [...snapshot.securityGroups.values()].flatMap((group) =>
    group.rules.map((rule) => ({
      group,
      rule,
      stated: statedRegions(rule),
      resolved: resolvedRegions(rule, members),
    })),
  );
  const byGroup = new Map<string, Candidate[]>([...snapshot.securityGroups.keys()].map((id) => [id, []]));
  for (const one of rules) byGroup.get(one.group.id)?.push(one);
  const narrowFirst = rules.map((one, index) => ({ one, index, size: sizeOf(one.resolved ?? one.stated) }));
  narrowFirst.sort((a, b) => a.size - b.size || b.index - a.index);
  const gone = new Set<Candidate>();
  const findings: LintFinding[] = [];

  const others = (one: Candidate, groupIds: readonly string[]): Candidate[] =>
    groupIds
      .flatMap((id) => byGroup.get(id) ?? [])
      .filter((other) => other !== one && other.rule.direction === one.rule.direction && !gone.has(other));

  const settle = (check: (one: Candidate) => LintFinding | null): void => {
    for (const { one } of narrowFirst) {
      const finding = gone.has(one) ? null : check(one);
      if (!finding) continue;
      gone.add(one);
      findings.push(finding);
    }
  };

  settle((one) => {
    const covers = coveredBy(one, others(one, [one.group.id]), "stated");
    if (!covers) return null;
    const twin = covers.find((other) => coveredBy(other, [one], "stated"));
    return twin
      ? describe(one, [twin], "sg-rule-duplicate", "allows exactly what", "allows")
      : describe(one, covers, "sg-rule-implied", "is implied by", "");
  });
  const acrossSets = (one: Candidate, kind: RegionKind): Candidate[] | null => {
    const sets = members.groupSets.get(one.group.id) ?? [[one.group.id]];
    const used = new Set<Candidate>();
    for (const set of sets) {
      const covers = coveredBy(one, others(one, set), kind);
      if (!covers) return null;
      for (const cover of covers) used.add(cover);
    }
    return [...used];
  };
  settle((one) => {
    const covers = acrossSets(one, "stated");
    return covers && describe(one, covers, "sg-rule-implied-across-groups", "is implied on every interface by", "");
  });
  settle((one) => {
    const covers = acrossSets(one, "resolved");
    return (
      covers && describe(one, covers, "sg-rule-implied-today", "is implied, with today's members and entries, by", "")
    );
  });
  return findings;
}

interface Candidate {
  readonly group: SecurityGroup;
  readonly rule: SecurityGroupRule;
  readonly stated: Regions;
  readonly resolved: Regions | null;
}

type RegionKind = "stated" | "resolved";

/** Rules that together allow all of a rule's traffic, broad ones first; null where there are none, or it has no traffic. */
function coveredBy(one: Candidate, others: readonly Candidate[], kind: RegionKind): Candidate[] | null {
  const own = one[kind];
  if (!own || own.size === 0) return null;
  const used = new Set<Candidate>();
  for (const [space, region] of own) {
    const inSpace = others.flatMap((other) => {
      const region = other[kind]?.get(space);
      return region ? [{ other, region, size: addressCount(region.addresses) }] : [];
    });
    inSpace.sort((a, b) => b.size - a.size);
    const found = covering(
      region,
      inSpace.map((item) => item.region),
    );
    if (!found) return null;
    for (const index of found) used.add(inSpace[index].other);
  }
  return [...used];
}

function sizeOf(regions: Regions): number {
  let size = 0;
  for (const { protocols, details, addresses } of regions.values()) {
    size += (protocols.to - protocols.from) * (details.to - details.from) * addressCount(addresses);
  }
  return size;
}

function describe(
  one: Candidate,
  covers: readonly Candidate[],
  check: CheckId,
  verb: string,
  after: string,
): LintFinding {
  const { rule, group } = one;
  const names = few(covers.map((cover) => cover.rule.id));
  const message = `the ${rule.direction} rule for ${formatPeer(rule.peer)} ${verb} ${names} ${after}`.trimEnd();
  return lintFinding(check, check === "sg-rule-implied-today" ? "info" : "low", group, message, {
    ruleIds: [rule.id],
    coveringRuleIds: covers.map((cover) => cover.rule.id),
    origin: rule.origin,
  });
}
