import type { Collected } from "./collect.ts";
import { readTags } from "./interfaces.ts";
import type { Notes } from "./messages.ts";
import type { SecurityGroup, SecurityGroupRule } from "./model.ts";
import { readableId } from "./security-group-rules.ts";

/**
 * Security groups with their rules. The rules of describe-security-group-rules count where they exist (they carry the
 * `sgr-…` ids); a permission of describe-security-groups that none of them states is kept under its readable id, because
 * a rule that is forgotten would turn into false denies. The rules of groups in `complete` need no second answer.
 */
export function joinSecurityGroups(
  collected: Collected,
  complete: ReadonlySet<string>,
  notes: Notes,
): Map<string, SecurityGroup> {
  const statedOf = new Map<string, SecurityGroupRule[]>();
  for (const { rule } of collected.SecurityGroupRules.values()) {
    const rules = statedOf.get(rule.groupId);
    if (rules) rules.push(rule);
    else statedOf.set(rule.groupId, [rule]);
  }
  const groups = new Map<string, SecurityGroup>();
  for (const group of collected.SecurityGroups.values()) {
    const stated = statedOf.get(group.id) ?? [];
    const rules = statedOf.size === 0 || complete.has(group.id) ? group.rules : joinRules(stated, group.rules, notes);
    groups.set(group.id, { ...group, rules: withPeeringStatus(rules, collected.VpcPeeringConnections) });
  }
  for (const [id, stated] of statedOf) {
    if (groups.has(id)) continue;
    notes.add("security group known only by its rules", id);
    const { ownerId, origin } = collected.SecurityGroupRules.get(stated[0].id)!;
    const rules = withPeeringStatus(stated, collected.VpcPeeringConnections);
    groups.set(id, { id, name: "", description: "", vpcId: null, ownerId, tags: readTags([]), rules, origin });
  }
  return groups;
}

function joinRules(
  stated: readonly SecurityGroupRule[],
  permitted: readonly SecurityGroupRule[],
  notes: Notes,
): SecurityGroupRule[] {
  const known = new Map<string, boolean>(stated.map((rule) => [readableId(rule), false]));
  const rules = [...stated];
  for (const rule of permitted) {
    if (!known.has(rule.id)) {
      rules.push(rule);
      notes.add("only in describe-security-groups, kept under a readable id", rule.id);
    }
    known.set(rule.id, true);
  }
  for (const rule of permitted.length > 0 ? stated : []) {
    if (!known.get(readableId(rule))) notes.add("only in describe-security-group-rules, kept", rule.id);
  }
  return rules;
}

/** A reference over a peering connection is as good as the peering, which may be described on its own. */
function withPeeringStatus(
  rules: readonly SecurityGroupRule[],
  peerings: Collected["VpcPeeringConnections"],
): readonly SecurityGroupRule[] {
  if (peerings.size === 0) return rules;
  return rules.map((rule) => {
    const { peer } = rule;
    if (peer.kind !== "group" || peer.peeringId === null || peer.peeringStatus !== null) return rule;
    return { ...rule, peer: { ...peer, peeringStatus: peerings.get(peer.peeringId)?.status ?? null } };
  });
}
