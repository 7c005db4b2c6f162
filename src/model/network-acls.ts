import { ALL_IPV4, ALL_IPV6, IPV4, type Prefix } from "../net/address.ts";
import { child } from "./documents.ts";
import { readTags } from "./interfaces.ts";
import { modelError, type Notes, locationOf } from "./messages.ts";
import type { Direction, NetworkAcl, NetworkAclEntry, NetworkInterface, Origin, Subnet } from "./model.ts";
import { aclEntryMatch, EVERYTHING, readPrefix } from "./rule-match.ts";
import type { NetworkAclEntryShape, Shape } from "./schema.ts";

/** Numbers of the default denies, IPv4 and IPv6: the `*` entries of the console. */
const DEFAULT_DENY_IPV4 = 32767;
const DEFAULT_DENY_IPV6 = 32768;

export function readNetworkAcl(value: Shape<"NetworkAcls">, origin: Origin, notes: Notes): NetworkAcl {
  const id = value.NetworkAclId;
  const entries = (value.Entries ?? []).map((entry, index) =>
    readEntry(id, entry, child(origin, "Entries", index), notes),
  );
  return {
    id,
    vpcId: value.VpcId ?? null,
    isDefault: value.IsDefault ?? false,
    name: readTags(value.Tags).Name ?? "",
    subnetIds: [...new Set(value.Associations?.flatMap((one) => one.SubnetId ?? []))],
    entries: orderEntries(id, entries, origin, notes),
    origin,
  };
}

/** Network ACLs with their subnets. A subnet that none names belongs to the default network ACL of its VPC. */
export function joinNetworkAcls(
  acls: ReadonlyMap<string, NetworkAcl>,
  subnets: ReadonlyMap<string, Subnet>,
  interfaces: ReadonlyMap<string, NetworkInterface>,
  notes: Notes,
): Map<string, NetworkAcl> {
  const subnetsOf = new Map<string, string[]>();
  const aclOf = new Map<string, string>();
  const defaults = new Map<string, string>();
  for (const { id, vpcId, isDefault, subnetIds, origin } of acls.values()) {
    if (isDefault && vpcId) defaults.set(vpcId, id);
    subnetsOf.set(id, [...subnetIds]);
    for (const subnetId of subnetIds) {
      const other = aclOf.get(subnetId);
      if (other !== undefined) {
        const problem = `${subnetId} is associated with ${other} and with ${id}`;
        throw modelError(origin, problem, "a subnet has one network ACL");
      }
      aclOf.set(subnetId, id);
    }
  }
  const vpcOf = new Map([...subnets.values()].map((subnet) => [subnet.id, subnet.vpcId]));
  for (const { subnetId, vpcId } of interfaces.values()) {
    if (subnetId && !vpcOf.get(subnetId)) vpcOf.set(subnetId, vpcId);
  }
  for (const [subnetId, vpcId] of vpcOf) {
    if (aclOf.has(subnetId)) continue;
    const id = vpcId === null ? undefined : defaults.get(vpcId);
    if (id !== undefined) subnetsOf.get(id)?.push(subnetId);
    else notes.add("subnet without a network ACL in the model", subnetId);
  }
  return new Map([...acls.values()].map((acl) => [acl.id, { ...acl, subnetIds: subnetsOf.get(acl.id) ?? [] }]));
}

/**
 * Entries by direction and number, with the default denies, which are added where they are absent.
 * @throws AppError E_MODEL when a number occurs twice, because it is unknown which entry decides.
 */
export function orderEntries(
  aclId: string,
  entries: readonly NetworkAclEntry[],
  origin: Origin,
  notes: Notes,
): NetworkAclEntry[] {
  return (["ingress", "egress"] as const).flatMap((direction) => {
    const ordered: NetworkAclEntry[] = [];
    const seen = new Map<number, NetworkAclEntry>();
    for (const entry of entries.filter((one) => one.direction === direction)) {
      const same = seen.get(entry.number);
      if (same && same.prefix.family === entry.prefix.family) {
        const problem = `rule number ${entry.number} occurs twice in the ${direction} list of ${aclId}`;
        throw modelError(
          entry.origin,
          problem,
          `AWS allows a number once; the other one is ${locationOf(same.origin)}`,
        );
      }
      ordered.push(same && entry.number < DEFAULT_DENY_IPV4 ? otherFamily(entry, notes) : entry);
      seen.set(entry.number, entry);
    }
    if (!seen.has(DEFAULT_DENY_IPV4)) ordered.push(defaultDeny(aclId, direction, DEFAULT_DENY_IPV4, ALL_IPV4, origin));
    if (!seen.has(DEFAULT_DENY_IPV6)) ordered.push(defaultDeny(aclId, direction, DEFAULT_DENY_IPV6, ALL_IPV6, origin));
    return ordered.sort((a, b) => a.number - b.number);
  });
}

/** AWS allows a number once for both families. In a model that has it twice the entries get different ids. */
function otherFamily(entry: NetworkAclEntry, notes: Notes): NetworkAclEntry {
  notes.add("one rule number for IPv4 and IPv6, read as two entries", locationOf(entry.origin));
  return { ...entry, id: `${entry.id}/ipv${entry.prefix.family === IPV4 ? 4 : 6}` };
}

export function readEntry(aclId: string, entry: NetworkAclEntryShape, origin: Origin, notes: Notes): NetworkAclEntry {
  const field = entry.CidrBlock ? "CidrBlock" : "Ipv6CidrBlock";
  const text = entry[field];
  if (!text) throw modelError(origin, "an entry without a CIDR block", "give CidrBlock or Ipv6CidrBlock");
  const prefix = readPrefix(text, () => child(origin, field), notes);
  const number = entry.RuleNumber;
  const direction = entry.Egress ? "egress" : "ingress";
  return {
    id: `${aclId}/${direction}/${number >= DEFAULT_DENY_IPV4 ? "*" : number}`,
    aclId,
    direction,
    number,
    action: entry.RuleAction,
    ...aclEntryMatch(entry, prefix, origin),
    prefix,
    origin,
  };
}

function defaultDeny(
  aclId: string,
  direction: Direction,
  number: number,
  prefix: Prefix,
  origin: Origin,
): NetworkAclEntry {
  return { id: `${aclId}/${direction}/*`, aclId, direction, number, action: "deny", ...EVERYTHING, prefix, origin };
}
