import { type Collected, put } from "../collect.ts";
import { child } from "../documents.ts";
import { modelError, type Notes } from "../messages.ts";
import type { NetworkAcl, NetworkAclEntry, Origin } from "../model.ts";
import { orderEntries, readEntry } from "../network-acls.ts";
import type { TerraformDocument } from "./document.ts";
import { beforePlans, idOf, type Resources } from "./resources.ts";
import type { InlineEntry } from "./shapes.ts";

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

/** A NACL entry; Terraform writes "" for the block that is not set and 0 for ports and types that do not apply. */
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
