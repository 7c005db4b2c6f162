import { formatPrefix } from "../net/address.ts";
import { formatIcmp, formatPorts, isIcmp, protocolName } from "../net/protocols.ts";
import { child } from "./documents.ts";
import { readTags } from "./interfaces.ts";
import { modelError, type Notes, locationOf } from "./messages.ts";
import type { Direction, Origin, Peer, SecurityGroup, SecurityGroupRule } from "./model.ts";
import { groupRuleMatch, readPrefix } from "./rule-match.ts";
import type { PeerGroupShape, PermissionShape, Shape } from "./schema.ts";

/** A rule of describe-security-group-rules, with the account of its group for groups that are known only by their rules. */
export function readSecurityGroupRule(value: Shape<"SecurityGroupRules">, origin: Origin, notes: Notes) {
  const rule: SecurityGroupRule = {
    id: value.SecurityGroupRuleId,
    groupId: value.GroupId,
    direction: value.IsEgress ? "egress" : "ingress",
    ...groupRuleMatch(value, origin),
    peer: rulePeer(value, origin, notes),
    description: value.Description ?? "",
    origin,
  };
  return { rule, ownerId: value.GroupOwnerId ?? null, origin };
}

/** A group of describe-security-groups: its rules get readable ids. */
export function readSecurityGroup(value: Shape<"SecurityGroups">, origin: Origin, notes: Notes): SecurityGroup {
  return {
    id: value.GroupId,
    name: value.GroupName ?? "",
    description: value.Description ?? "",
    vpcId: value.VpcId ?? null,
    ownerId: value.OwnerId ?? null,
    tags: readTags(value.Tags),
    rules: permissionRules(value, origin, notes),
    origin,
  };
}

function rulePeer(value: Shape<"SecurityGroupRules">, origin: Origin, notes: Notes): Peer {
  if (value.CidrIpv4) return cidrPeer(value.CidrIpv4, origin, "CidrIpv4", notes);
  if (value.CidrIpv6) return cidrPeer(value.CidrIpv6, origin, "CidrIpv6", notes);
  if (value.PrefixListId) return { kind: "prefix-list", id: value.PrefixListId };
  if (value.ReferencedGroupInfo) return groupPeer(value.ReferencedGroupInfo, child(origin, "ReferencedGroupInfo"));
  const hint = "give one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupInfo";
  throw modelError(origin, "a rule without a peer", hint);
}

/** One rule per range, list and group of each permission. */
function permissionRules(group: Shape<"SecurityGroups">, origin: Origin, notes: Notes): SecurityGroupRule[] {
  const rules = new Map<string, SecurityGroupRule>();
  const read = (direction: Direction, permission: PermissionShape, at: Origin): void => {
    const match = groupRuleMatch(permission, at);
    for (const { peer, description, origin } of permissionPeers(permission, at, notes)) {
      const rule = withReadableId({ groupId: group.GroupId, direction, ...match, peer, description, origin });
      if (rules.has(rule.id)) notes.add("stated twice in one group, kept once", locationOf(origin));
      else rules.set(rule.id, rule);
    }
  };
  group.IpPermissions?.forEach((one, index) => read("ingress", one, child(origin, "IpPermissions", index)));
  group.IpPermissionsEgress?.forEach((one, index) => read("egress", one, child(origin, "IpPermissionsEgress", index)));
  return [...rules.values()];
}

function permissionPeers(permission: PermissionShape, origin: Origin, notes: Notes) {
  type Key = "IpRanges" | "Ipv6Ranges" | "PrefixListIds" | "UserIdGroupPairs";
  type Item<K extends Key> = NonNullable<PermissionShape[K]>[number];
  const peersOf = <K extends Key>(key: K, peerOf: (item: Item<K>, at: Origin) => Peer) =>
    ((permission[key] ?? []) as Item<K>[]).map((item, index) => {
      const at = child(origin, key, index);
      return { peer: peerOf(item, at), description: item.Description ?? "", origin: at };
    });
  return [
    ...peersOf("IpRanges", ({ CidrIp }, at) => cidrPeer(CidrIp, at, "CidrIp", notes)),
    ...peersOf("Ipv6Ranges", ({ CidrIpv6 }, at) => cidrPeer(CidrIpv6, at, "CidrIpv6", notes)),
    ...peersOf("PrefixListIds", ({ PrefixListId: id }) => ({ kind: "prefix-list", id })),
    ...peersOf("UserIdGroupPairs", groupPeer),
  ];
}

export function cidrPeer(text: string, origin: Origin, field: string, notes: Notes): Peer {
  return { kind: "cidr", prefix: readPrefix(text, () => child(origin, field), notes) };
}

/** A referenced group. EC2-Classic gave some by name only; such a reference is undecidable. */
function groupPeer(pair: PeerGroupShape, origin: Origin): Peer {
  const id = pair.GroupId ?? pair.GroupName;
  if (!id) throw modelError(child(origin, "GroupId"), "missing");
  const peeringId = pair.VpcPeeringConnectionId ?? null;
  return { kind: "group", id, userId: pair.UserId ?? null, peeringId, peeringStatus: pair.PeeringStatus ?? null };
}

export function withReadableId(rule: Omit<SecurityGroupRule, "id">): SecurityGroupRule {
  return { id: readableId(rule), ...rule };
}

/** `sg-…/ingress/tcp/443/0.0.0.0/0`: group, direction, protocol, ports (or ICMP type-code), peer. */
export function readableId(rule: Omit<SecurityGroupRule, "id">): string {
  const what = isIcmp(rule.protocol) ? formatIcmp(rule.icmp) : formatPorts(rule.ports);
  return `${rule.groupId}/${rule.direction}/${protocolName(rule.protocol)}/${what}/${formatPeer(rule.peer)}`;
}

export function formatPeer(peer: Peer): string {
  return peer.kind === "cidr" ? formatPrefix(peer.prefix) : peer.id;
}
