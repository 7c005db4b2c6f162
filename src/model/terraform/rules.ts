import { collect, type Collected, put } from "../collect.ts";
import { child } from "../documents.ts";
import { modelError, type Notes } from "../messages.ts";
import type { Direction, NetworkAcl, NetworkAclEntry, Origin, Peer, SecurityGroupRule } from "../model.ts";
import { orderEntries, readEntry } from "../network-acls.ts";
import { groupRuleMatch } from "../rule-match.ts";
import { cidrPeer, readableId, withReadableId } from "../security-group-rules.ts";
import { beforePlans, idOf, type Resources, tagList, type TerraformDocument } from "./document.ts";
import type { AttributesOf, InlineEntry, InlineRule } from "./shapes.ts";

/** Collects security groups with their in-line rules and their separate rule resources; returns the groups' ids. */
export function collectGroups(
  resources: Resources,
  documents: readonly TerraformDocument[],
  into: Collected,
  notes: Notes,
): Set<string> {
  const complete = new Set<string>();
  const separate = new Map<string, SecurityGroupRule[]>();
  for (const rule of separateRules(resources, notes)) {
    separate.set(rule.groupId, [...(separate.get(rule.groupId) ?? []), rule]);
  }
  const gone = new Set([...separateRules(beforePlans(documents), notes)].map(readableId));
  for (const group of resources.of("aws_security_group", "aws_default_security_group")) {
    if (!group.managed) continue;
    const id = idOf(group);
    const rules = new Map((separate.get(id) ?? []).map((rule) => [readableId(rule), rule]));
    for (const direction of ["ingress", "egress"] as const) {
      // The attribute repeats all rules of the group, in a plan also those that the plan removes.
      const stated = group.document.plan?.states(group.address, direction) ?? true;
      for (const [index, inline] of (group.value[direction] ?? []).entries()) {
        const at = child(group.origin, direction, index);
        for (const rule of expandRule(inline, inline.security_groups ?? [], id, direction, at, notes)) {
          if (!rules.has(rule.id) && (stated || !gone.has(rule.id))) rules.set(rule.id, rule);
        }
      }
    }
    const { name, description, vpc_id: vpcId, owner_id: ownerId, tags, tags_all: all } = group.value;
    const shape = {
      GroupId: id,
      GroupName: name,
      Description: description,
      VpcId: vpcId,
      OwnerId: ownerId,
      Tags: tagList(all ?? tags),
    };
    collect(into, "SecurityGroups", shape, group.origin, notes);
    into.SecurityGroups.set(id, { ...into.SecurityGroups.get(id)!, rules: [...rules.values()] });
    complete.add(id);
    separate.delete(id);
  }
  for (const rule of [...separate.values()].flat()) {
    put(into, "SecurityGroupRules", rule.id, { rule, ownerId: null, origin: rule.origin }, notes);
  }
  return complete;
}

/** Rules that are separate resources. */
function* separateRules(resources: Resources, notes: Notes): Generator<SecurityGroupRule> {
  for (const rule of resources.of("aws_security_group_rule")) {
    const groupId = resources.reference(rule, "security_group_id");
    const { type, protocol } = rule.value;
    if (groupId === null || (type !== "ingress" && type !== "egress") || protocol === null || protocol === undefined) {
      notes.add("Terraform rule without group, type or protocol (known after apply?), set aside", rule.address);
      continue;
    }
    const source = resources.reference(rule, "source_security_group_id");
    const expanded = expandRule(rule.value, source === null ? [] : [source], groupId, type, rule.origin, notes);
    const id = rule.value.security_group_rule_id;
    if (id && expanded.length === 1) yield { ...expanded[0], id };
    else yield* expanded;
  }
  for (const rule of resources.of("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")) {
    const groupId = resources.reference(rule, "security_group_id");
    const direction: Direction = rule.type === "aws_vpc_security_group_egress_rule" ? "egress" : "ingress";
    const source = resources.reference(rule, "referenced_security_group_id");
    const built = groupId === null ? null : narrowRule(rule.value, source, groupId, direction, rule.origin, notes);
    if (built) yield built;
    else notes.add("Terraform rule without group or peer (known after apply?), set aside", rule.address);
  }
}

type Protocol = string | number | null | undefined;

/** What in-line rules and `aws_security_group_rule` share. */
type WideRule = Pick<
  InlineRule,
  "cidr_blocks" | "ipv6_cidr_blocks" | "prefix_list_ids" | "self" | "description" | "from_port" | "to_port" | "protocol"
>;

/** The rules that AWS makes of a Terraform rule with many peers: one per peer. */
function expandRule(
  rule: WideRule,
  groups: readonly string[],
  groupId: string,
  direction: Direction,
  origin: Origin,
  notes: Notes,
): SecurityGroupRule[] {
  const match = matchOf(rule.protocol, rule.from_port, rule.to_port, origin);
  const cidrs = (field: "cidr_blocks" | "ipv6_cidr_blocks"): Peer[] =>
    (rule[field] ?? []).map((text, index) => cidrPeer(text, child(origin, field), String(index), notes));
  const peers: Peer[] = [
    ...cidrs("cidr_blocks"),
    ...cidrs("ipv6_cidr_blocks"),
    ...(rule.prefix_list_ids ?? []).map((id): Peer => ({ kind: "prefix-list", id })),
    ...groups.map(groupReference),
    ...(rule.self ? [groupReference(groupId)] : []),
  ];
  const description = rule.description ?? "";
  return peers.map((peer) => withReadableId({ groupId, direction, ...match, peer, description, origin }));
}

/** The rule of an aws_vpc_security_group_ingress_rule or egress_rule: one peer, and AWS's own id once it is applied. */
function narrowRule(
  rule: AttributesOf<"aws_vpc_security_group_ingress_rule">,
  group: string | null,
  groupId: string,
  direction: Direction,
  origin: Origin,
  notes: Notes,
): SecurityGroupRule | null {
  const match = matchOf(rule.ip_protocol, rule.from_port, rule.to_port, origin);
  let peer: Peer | null = null;
  if (rule.cidr_ipv4) peer = cidrPeer(rule.cidr_ipv4, origin, "cidr_ipv4", notes);
  else if (rule.cidr_ipv6) peer = cidrPeer(rule.cidr_ipv6, origin, "cidr_ipv6", notes);
  else if (rule.prefix_list_id) peer = { kind: "prefix-list", id: rule.prefix_list_id };
  else if (group !== null) peer = groupReference(group);
  if (!peer) return null;
  const built = withReadableId({ groupId, direction, ...match, peer, description: rule.description ?? "", origin });
  return rule.security_group_rule_id ? { ...built, id: rule.security_group_rule_id } : built;
}

/** `sg-…`, or `account/sg-…` for a group of another account. */
function groupReference(reference: string): Peer {
  const slash = reference.indexOf("/");
  const [userId, id] = slash < 0 ? [null, reference] : [reference.slice(0, slash), reference.slice(slash + 1)];
  return { kind: "group", id, userId, peeringId: null, peeringStatus: null };
}

function matchOf(
  protocol: Protocol,
  from: number | null | undefined,
  to: number | null | undefined,
  origin: Origin,
): ReturnType<typeof groupRuleMatch> {
  if (protocol === null || protocol === undefined) throw modelError(child(origin, "protocol"), "missing");
  return groupRuleMatch({ IpProtocol: protocol, FromPort: from, ToPort: to }, origin);
}

/** Collects network ACLs with their in-line entries and their separate entry resources. */
export function collectAcls(
  resources: Resources,
  documents: readonly TerraformDocument[],
  into: Collected,
  notes: Notes,
): void {
  const separate = new Map<string, NetworkAclEntry[]>();
  for (const entry of separateEntries(resources, notes)) {
    separate.set(entry.aclId, [...(separate.get(entry.aclId) ?? []), entry]);
  }
  const gone = new Set([...separateEntries(beforePlans(documents), notes)].map((entry) => entry.id));
  const aclOf = new Map<string, string>();
  for (const one of resources.of("aws_network_acl_association")) {
    const aclId = resources.reference(one, "network_acl_id");
    const subnetId = resources.reference(one, "subnet_id");
    if (aclId !== null && subnetId !== null) aclOf.set(subnetId, aclId);
  }
  for (const acl of resources.of("aws_network_acl", "aws_default_network_acl")) {
    if (!acl.managed) continue;
    const id = idOf(acl);
    const entries = new Map((separate.get(id) ?? []).map((entry) => [entry.id, entry]));
    for (const direction of ["ingress", "egress"] as const) {
      const stated = acl.document.plan?.states(acl.address, direction) ?? true;
      for (const [index, inline] of (acl.value[direction] ?? []).entries()) {
        const facts = { number: inline.rule_no, action: inline.action, egress: direction === "egress" };
        const entry = aclEntry(id, inline, facts, child(acl.origin, direction, index), notes);
        if (!entries.has(entry.id) && (stated || !gone.has(entry.id))) entries.set(entry.id, entry);
      }
    }
    const own = (acl.value.subnet_ids ?? []).filter((subnetId) => !aclOf.has(subnetId));
    const associated = [...aclOf].flatMap(([subnetId, aclId]) => (aclId === id ? subnetId : []));
    const built: NetworkAcl = {
      id,
      vpcId: acl.value.vpc_id ?? null,
      isDefault: acl.type === "aws_default_network_acl",
      name: acl.value.tags?.Name ?? "",
      subnetIds: [...own, ...associated],
      entries: orderEntries(id, [...entries.values()], acl.origin, notes),
      origin: acl.origin,
    };
    put(into, "NetworkAcls", id, built, notes);
    separate.delete(id);
  }
  for (const id of separate.keys())
    notes.add("Terraform rules of a network ACL that is not in the model, set aside", id);
}

function* separateEntries(resources: Resources, notes: Notes): Generator<NetworkAclEntry> {
  for (const rule of resources.of("aws_network_acl_rule")) {
    const aclId = resources.reference(rule, "network_acl_id");
    const { rule_number: number, rule_action: action, egress } = rule.value;
    if (aclId === null) notes.add("Terraform rule without network ACL (known after apply?), set aside", rule.address);
    else yield aclEntry(aclId, rule.value, { number, action, egress: egress ?? false }, rule.origin, notes);
  }
}

/** An entry. Terraform writes "" for a block that is not set and 0 for ports and types that do not apply. */
function aclEntry(
  aclId: string,
  entry: Omit<InlineEntry, "rule_no" | "action">,
  facts: { number: number | null | undefined; action: string | null | undefined; egress: boolean },
  origin: Origin,
  notes: Notes,
): NetworkAclEntry {
  const { number, action } = facts;
  if (number === null || number === undefined) throw modelError(origin, "an entry without a rule number");
  if (entry.protocol === null || entry.protocol === undefined) throw modelError(child(origin, "protocol"), "missing");
  if (action !== "allow" && action !== "deny") throw modelError(origin, "an entry that neither allows nor denies");
  const shape = {
    RuleNumber: number,
    Egress: facts.egress,
    RuleAction: action,
    Protocol: entry.protocol,
    CidrBlock: entry.cidr_block,
    Ipv6CidrBlock: entry.ipv6_cidr_block,
    PortRange: { From: entry.from_port, To: entry.to_port },
    IcmpTypeCode: { Type: entry.icmp_type, Code: entry.icmp_code },
  } as const;
  return readEntry(aclId, shape, origin, notes);
}
