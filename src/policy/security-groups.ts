import { formatPrefix } from "../net/address.ts";
import { formatIcmp, formatPorts } from "../net/ports.ts";
import { isIcmp, protocolName } from "../net/protocols.ts";
import type { Collected, Item } from "./collect.ts";
import { child } from "./documents.ts";
import { readTags } from "./interfaces.ts";
import { modelError, type Notes, place } from "./messages.ts";
import type { Direction, Origin, Peer, SecurityGroup, SecurityGroupRule } from "./model.ts";
import { groupRuleMatch, readPrefix } from "./rule-match.ts";
import type { PeerGroupShape, PermissionShape, Shape } from "./schema.ts";

/**
 * Security groups with their rules. The rules of describe-security-group-rules count where they exist (they carry the
 * `sgr-…` ids); a permission of describe-security-groups that none of them states is added under a readable id, because
 * a rule that is forgotten would turn into false denies.
 */
export function buildSecurityGroups(collected: Collected, notes: Notes): Map<string, SecurityGroup> {
  const context: Context = { notes, peerings: collected.VpcPeeringConnections };
  const rulesOf = new Map<string, SecurityGroupRule[]>();
  for (const item of collected.SecurityGroupRules.values()) {
    const rule = ruleOf(item, context);
    const rules = rulesOf.get(rule.groupId);
    if (rules) rules.push(rule);
    else rulesOf.set(rule.groupId, [rule]);
  }
  const groups = new Map<string, SecurityGroup>();
  for (const [id, { value, origin }] of collected.SecurityGroups) {
    const stated = rulesOf.get(id) ?? [];
    groups.set(id, {
      id,
      name: value.GroupName ?? "",
      description: value.Description ?? "",
      vpcId: value.VpcId ?? null,
      ownerId: value.OwnerId ?? null,
      tags: readTags(value.Tags),
      rules: joinRules(
        stated,
        permissionRules(id, value, origin, context),
        collected.SecurityGroupRules.size > 0,
        notes,
      ),
      origin,
    });
  }
  for (const [id, rules] of rulesOf) {
    if (groups.has(id)) continue;
    notes.add("security group known only by its rules", id);
    const { origin } = rules[0];
    const ownerId = collected.SecurityGroupRules.get(rules[0].id)?.value.GroupOwnerId ?? null;
    groups.set(id, { id, name: "", description: "", vpcId: null, ownerId, tags: readTags([]), rules, origin });
  }
  return groups;
}

interface Context {
  readonly notes: Notes;
  readonly peerings: Collected["VpcPeeringConnections"];
}

function joinRules(
  stated: SecurityGroupRule[],
  permitted: SecurityGroupRule[],
  expectStated: boolean,
  notes: Notes,
): SecurityGroupRule[] {
  const known = new Map<string, boolean>(stated.map((rule) => [readableId(rule), false]));
  const rules = [...stated];
  for (const rule of permitted) {
    if (!known.has(rule.id)) {
      rules.push(rule);
      if (expectStated) notes.add("only in describe-security-groups, kept under a readable id", rule.id);
    }
    known.set(rule.id, true);
  }
  if (permitted.length > 0) {
    for (const rule of stated) {
      if (!known.get(readableId(rule))) notes.add("only in describe-security-group-rules, kept", rule.id);
    }
  }
  return rules;
}

function ruleOf({ value, origin }: Item<Shape<"SecurityGroupRules">>, context: Context): SecurityGroupRule {
  return {
    id: value.SecurityGroupRuleId,
    groupId: value.GroupId,
    direction: value.IsEgress ? "egress" : "ingress",
    ...groupRuleMatch(value, origin),
    peer: rulePeer(value, origin, context),
    description: value.Description ?? "",
    origin,
  };
}

function rulePeer(value: Shape<"SecurityGroupRules">, origin: Origin, context: Context): Peer {
  if (value.CidrIpv4) return cidrPeer(value.CidrIpv4, origin, "CidrIpv4", context);
  if (value.CidrIpv6) return cidrPeer(value.CidrIpv6, origin, "CidrIpv6", context);
  if (value.PrefixListId) return { kind: "prefix-list", id: value.PrefixListId };
  if (value.ReferencedGroupInfo) {
    return groupPeer(value.ReferencedGroupInfo, child(origin, "ReferencedGroupInfo"), context);
  }
  throw modelError(
    origin,
    "a rule without a peer",
    "give one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupInfo",
  );
}

/** One rule per range, list and group of each permission, under readable ids. */
function permissionRules(
  groupId: string,
  group: Shape<"SecurityGroups">,
  origin: Origin,
  context: Context,
): SecurityGroupRule[] {
  const rules = new Map<string, SecurityGroupRule>();
  const read = (direction: Direction, permission: PermissionShape, at: Origin): void => {
    const match = groupRuleMatch(permission, at);
    for (const { peer, description, origin } of permissionPeers(permission, at, context)) {
      const rule = { id: "", groupId, direction, ...match, peer, description, origin };
      const id = readableId(rule);
      if (rules.has(id)) context.notes.add("stated twice in one group, kept once", place(origin));
      else rules.set(id, { ...rule, id });
    }
  };
  const ingress = child(origin, "IpPermissions");
  const egress = child(origin, "IpPermissionsEgress");
  group.IpPermissions?.forEach((permission, index) => read("ingress", permission, child(ingress, index)));
  group.IpPermissionsEgress?.forEach((permission, index) => read("egress", permission, child(egress, index)));
  return [...rules.values()];
}

interface PeerAt {
  readonly peer: Peer;
  readonly description: string;
  readonly origin: Origin;
}

function* permissionPeers(permission: PermissionShape, origin: Origin, context: Context): Generator<PeerAt> {
  for (const [index, range] of (permission.IpRanges ?? []).entries()) {
    const at = child(origin, "IpRanges", index);
    yield {
      peer: cidrPeer(range.CidrIp, at, "CidrIp", context),
      description: range.Description ?? "",
      origin: at,
    };
  }
  for (const [index, range] of (permission.Ipv6Ranges ?? []).entries()) {
    const at = child(origin, "Ipv6Ranges", index);
    const peer = cidrPeer(range.CidrIpv6, at, "CidrIpv6", context);
    yield { peer, description: range.Description ?? "", origin: at };
  }
  for (const [index, list] of (permission.PrefixListIds ?? []).entries()) {
    const at = child(origin, "PrefixListIds", index);
    yield { peer: { kind: "prefix-list", id: list.PrefixListId }, description: list.Description ?? "", origin: at };
  }
  for (const [index, pair] of (permission.UserIdGroupPairs ?? []).entries()) {
    const at = child(origin, "UserIdGroupPairs", index);
    yield { peer: groupPeer(pair, at, context), description: pair.Description ?? "", origin: at };
  }
}

function cidrPeer(text: string, origin: Origin, field: string, context: Context): Peer {
  return { kind: "cidr", prefix: readPrefix(text, () => child(origin, field), context.notes) };
}

/** A referenced group; EC2-Classic gave some only by name, which resolves to nothing and so stays undecided. */
function groupPeer(pair: PeerGroupShape, origin: Origin, context: Context): Peer {
  const id = pair.GroupId ?? pair.GroupName;
  if (!id) throw modelError(child(origin, "GroupId"), "missing");
  const peeringId = pair.VpcPeeringConnectionId ?? null;
  const peering = peeringId === null ? undefined : context.peerings.get(peeringId);
  const peeringStatus = pair.PeeringStatus ?? peering?.value.Status?.Code ?? null;
  return { kind: "group", id, userId: pair.UserId ?? null, peeringId, peeringStatus };
}

/** `sg-…/ingress/tcp/443/0.0.0.0/0`: group, direction, protocol, ports (or ICMP type-code), peer. */
export function readableId(rule: Omit<SecurityGroupRule, "id" | "description" | "origin">): string {
  const what = isIcmp(rule.protocol) ? formatIcmp(rule.icmp) : formatPorts(rule.ports);
  return `${rule.groupId}/${rule.direction}/${protocolName(rule.protocol)}/${what}/${formatPeer(rule.peer)}`;
}

export function formatPeer(peer: Peer): string {
  return peer.kind === "cidr" ? formatPrefix(peer.prefix) : peer.id;
}
