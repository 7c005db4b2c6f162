import type {
  NetworkAcl,
  NetworkAclEntry,
  Peer,
  SecurityGroup,
  SecurityGroupRule,
  Snapshot,
} from "../../model/model.ts";
import { destinationBlocks, isInternetGateway } from "../../model/routes.ts";
import { formatPrefix, IPV4, type Prefix } from "../../net/address.ts";
import { parsePrefix } from "../../net/parse.ts";
import { holdsPrefix } from "../../net/prefixes.ts";
import { firstOf, plural } from "../../text.ts";
import { type AddressSet, meets, prefixInterval } from "../boxes.ts";
import { type LintFinding, lintFinding, type Severity } from "./finding.ts";
import { addressesBySpace, type Members } from "./rule-boxes.ts";

/** References that match nothing or that the model cannot resolve. */
export function* danglingReferences(snapshot: Snapshot): Generator<LintFinding> {
  for (const group of snapshot.securityGroups.values()) {
    for (const rule of group.rules) {
      const problem = peerProblem(rule.peer, group, snapshot);
      if (!problem) continue;
      const about = { ruleIds: [rule.id], origin: rule.origin };
      yield lintFinding("dangling-reference", problem.severity, group, problem.text, about);
    }
  }
  for (const one of snapshot.interfaces.values()) {
    for (const id of one.groupIds) {
      if (snapshot.securityGroups.has(id)) continue;
      const text = `the interface carries ${id}, which is not in the model`;
      yield lintFinding("dangling-reference", "medium", one, text, { detail: id });
    }
  }
}

function peerProblem(
  peer: Peer,
  group: SecurityGroup,
  snapshot: Snapshot,
): { severity: Severity; text: string } | null {
  if (peer.kind === "cidr") return null;
  if (peer.kind === "prefix-list") {
    const list = snapshot.prefixLists.get(peer.id);
    if (!list) return { severity: "medium", text: `${peer.id} is not in the model` };
    if (!list.entries) return { severity: "medium", text: `${peer.id} has no entries in the model` };
    return list.entries.length > 0 ? null : { severity: "low", text: `${peer.id} is empty, the rule matches nothing` };
  }
  if (peer.peeringStatus !== null && peer.peeringStatus !== "active") {
    return { severity: "medium", text: `the peering to ${peer.id} is ${peer.peeringStatus}, the rule matches nothing` };
  }
  if (snapshot.securityGroups.has(peer.id)) return null;
  const foreign = peer.userId !== null && group.ownerId !== null && peer.userId !== group.ownerId;
  return foreign
    ? { severity: "info", text: `${peer.id} belongs to account ${peer.userId} and is not in the model` }
    : { severity: "medium", text: `${peer.id} is not in the model: deleted, or of another region or VPC` };
}

/** Groups on no interface, network ACLs without a subnet, default groups in use. */
export function* attachments(snapshot: Snapshot, members: Members): Generator<LintFinding> {
  const referenced = new Map<string, string[]>();
  for (const group of snapshot.securityGroups.values()) {
    for (const { peer, id } of group.rules) {
      if (peer.kind !== "group" || peer.id === group.id) continue;
      referenced.set(peer.id, [...(referenced.get(peer.id) ?? []), id]);
    }
  }
  // A model without interfaces does not show what is attached.
  for (const group of snapshot.interfaces.size > 0 ? snapshot.securityGroups.values() : []) {
    const interfaces = members.interfacesOf(group.id);
    const isDefault = group.name === "default";
    if (interfaces.length === 0 && !isDefault) {
      const users = referenced.get(group.id) ?? [];
      const text = users.length > 0 ? `, but ${plural(users.length, "rule refers", "rules refer")} to it` : "";
      const message = `${nameOf(group)} is on no interface${text}`;
      yield lintFinding("sg-unattached", "low", group, message, { coveringRuleIds: users });
    } else if (interfaces.length > 0 && isDefault) {
      const text = `the default group is on ${plural(interfaces.length, "interface")}: ${few(interfaces.map((one) => one.id))}`;
      yield lintFinding("sg-default-in-use", "medium", group, text);
    }
  }
  for (const acl of snapshot.networkAcls.values()) {
    if (acl.isDefault || acl.subnetIds.length > 0) continue;
    yield lintFinding("nacl-unattached", "info", acl, "the network ACL has no subnet");
  }
}

function nameOf(group: SecurityGroup): string {
  return group.name === "" ? "the group" : `the group ${group.name}`;
}

/** The first three of a list and how many more there are. */
export function few(names: readonly string[]): string {
  return firstOf(names, 3);
}

/** RFC 1918, RFC 6598 and RFC 4193: no internet gateway or NAT gateway leads to these. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].map(
  (text) => parsePrefix(text)!.prefix,
);

/** Rules and entries for private blocks that neither a range nor a route of their VPC leads to. */
export function* unreachableBlocks(snapshot: Snapshot): Generator<LintFinding> {
  const reach = new Map<string, ReadonlyMap<string, AddressSet> | null>();
  for (const id of snapshot.vpcs.keys()) reach.set(id, reachOf(id, snapshot));
  const isOutOfReach = (vpcId: string | null, prefix: Prefix): boolean => {
    const reachable = vpcId === null ? null : reach.get(vpcId);
    return !!reachable && PRIVATE.some((block) => holdsPrefix(block, prefix)) && !leadsInto(prefix, reachable);
  };
  const finding = (owner: SecurityGroup | NetworkAcl, rule: SecurityGroupRule | NetworkAclEntry, prefix: Prefix) => {
    const message = `${formatPrefix(prefix)} is private, and no range and no route of ${owner.vpcId} leads to it`;
    return lintFinding("cidr-out-of-reach", "low", owner, message, { ruleIds: [rule.id], origin: rule.origin });
  };
  for (const group of snapshot.securityGroups.values()) {
    for (const rule of group.rules) {
      if (rule.peer.kind !== "cidr" || !isOutOfReach(group.vpcId, rule.peer.prefix)) continue;
      yield finding(group, rule, rule.peer.prefix);
    }
  }
  for (const acl of snapshot.networkAcls.values()) {
    for (const entry of acl.entries) {
      if (isOutOfReach(acl.vpcId, entry.prefix)) yield finding(acl, entry, entry.prefix);
    }
  }
}

/** Addresses that a VPC holds or has a route to; null when the model has none of its route tables. */
function reachOf(vpcId: string, snapshot: Snapshot): ReadonlyMap<string, AddressSet> | null {
  const tables = [...snapshot.routeTables.values()].filter((table) => table.vpcId === vpcId);
  if (tables.length === 0) return null;
  const prefixes = [...(snapshot.vpcs.get(vpcId)?.prefixes ?? [])];
  for (const { destination, target } of tables.flatMap((table) => table.routes)) {
    if (destination.startsWith("pl-") || !isInternetGateway(target))
      prefixes.push(...destinationBlocks(snapshot, destination));
  }
  return addressesBySpace(prefixes);
}

function leadsInto(prefix: Prefix, reachable: ReadonlyMap<string, AddressSet>): boolean {
  const own = prefixInterval(prefix);
  return (reachable.get(prefix.family === IPV4 ? "ipv4" : "ipv6") ?? []).some((other) => meets(own, other));
}
