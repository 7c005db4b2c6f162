import { IPV4, IPV6, type Prefix } from "../net/address.ts";
import type { Collected } from "./collect.ts";
import { child } from "./documents.ts";
import { readTags } from "./interfaces.ts";
import { modelError, type Notes, place } from "./messages.ts";
import type { Direction, NetworkAcl, NetworkAclEntry, NetworkInterface, Origin, Subnet } from "./model.ts";
import { aclEntryMatch, EVERYTHING, readPrefix } from "./rule-match.ts";
import type { NetworkAclEntryShape, Shape } from "./schema.ts";

/** Numbers of the default denies, IPv4 and IPv6: the `*` entries of the console. */
const DEFAULT_DENY_IPV4 = 32767;
const DEFAULT_DENY_IPV6 = 32768;
const ALL_IPV4: Prefix = { family: IPV4, words: [0], length: 0 };
const ALL_IPV6: Prefix = { family: IPV6, words: [0, 0, 0, 0], length: 0 };

/** NACLs with their entries in order; subnets that name none belong to the default NACL of their VPC. */
export function buildNetworkAcls(
  collected: Collected,
  subnets: ReadonlyMap<string, Subnet>,
  interfaces: ReadonlyMap<string, NetworkInterface>,
  notes: Notes,
): Map<string, NetworkAcl> {
  const subnetsOf = assignSubnets(collected.NetworkAcls, subnets, interfaces, notes);
  return new Map(
    [...collected.NetworkAcls].map(([id, { value, origin }]) => [
      id,
      {
        id,
        vpcId: value.VpcId ?? null,
        isDefault: value.IsDefault ?? false,
        name: readTags(value.Tags).Name ?? "",
        subnetIds: subnetsOf.get(id) ?? [],
        entries: [...entriesOf(id, "ingress", value, origin, notes), ...entriesOf(id, "egress", value, origin, notes)],
        origin,
      },
    ]),
  );
}

function assignSubnets(
  acls: Collected["NetworkAcls"],
  subnets: ReadonlyMap<string, Subnet>,
  interfaces: ReadonlyMap<string, NetworkInterface>,
  notes: Notes,
): Map<string, string[]> {
  const result = new Map<string, string[]>([...acls.keys()].map((id) => [id, []]));
  const aclOf = new Map<string, string>();
  const defaults = new Map<string, string>();
  for (const [id, { value, origin }] of acls) {
    if (value.IsDefault && value.VpcId) defaults.set(value.VpcId, id);
    value.Associations?.forEach(({ SubnetId: subnetId }, index) => {
      if (!subnetId) return;
      const other = aclOf.get(subnetId);
      if (other !== undefined && other !== id) {
        const at = child(origin, "Associations", index);
        throw modelError(at, `${subnetId} is associated with ${other} and with ${id}`, "a subnet has one network ACL");
      }
      if (other === undefined) result.get(id)?.push(subnetId);
      aclOf.set(subnetId, id);
    });
  }
  const vpcOf = new Map([...subnets.values()].map((subnet) => [subnet.id, subnet.vpcId]));
  for (const { subnetId, vpcId } of interfaces.values())
    if (subnetId && !vpcOf.get(subnetId)) vpcOf.set(subnetId, vpcId);
  for (const [subnetId, vpcId] of vpcOf) {
    if (aclOf.has(subnetId)) continue;
    const id = vpcId === null ? undefined : defaults.get(vpcId);
    if (id !== undefined) result.get(id)?.push(subnetId);
    else notes.add("subnet without a network ACL in the model", subnetId);
  }
  return result;
}

function entriesOf(
  aclId: string,
  direction: Direction,
  acl: Shape<"NetworkAcls">,
  origin: Origin,
  notes: Notes,
): NetworkAclEntry[] {
  const entries: NetworkAclEntry[] = [];
  const seen = new Map<number, NetworkAclEntry[]>();
  acl.Entries?.forEach((entry, index) => {
    if (entry.Egress !== (direction === "egress")) return;
    const built = entryOf(aclId, direction, entry, child(origin, "Entries", index), notes);
    const same = seen.get(built.number) ?? [];
    if (same.some((other) => other.prefix.family === built.prefix.family)) {
      const hint = `AWS takes a number once per direction; the other one is at ${same[0].origin.pointer}`;
      throw modelError(
        built.origin,
        `rule number ${built.number} stands twice in the ${direction} list of ${aclId}`,
        hint,
      );
    }
    if (same.length > 0 && built.number < DEFAULT_DENY_IPV4) {
      notes.add("one rule number for IPv4 and IPv6, read as two entries", place(built.origin));
      entries.push({ ...built, id: `${built.id}/ipv${built.prefix.family === IPV4 ? 4 : 6}` });
    } else {
      entries.push(built);
    }
    seen.set(built.number, [...same, built]);
  });
  if (!seen.has(DEFAULT_DENY_IPV4)) entries.push(defaultDeny(aclId, direction, DEFAULT_DENY_IPV4, ALL_IPV4, origin));
  if (!seen.has(DEFAULT_DENY_IPV6)) entries.push(defaultDeny(aclId, direction, DEFAULT_DENY_IPV6, ALL_IPV6, origin));
  return entries.sort((a, b) => a.number - b.number);
}

function entryOf(
  aclId: string,
  direction: Direction,
  entry: NetworkAclEntryShape,
  origin: Origin,
  notes: Notes,
): NetworkAclEntry {
  const field = entry.CidrBlock ? "CidrBlock" : "Ipv6CidrBlock";
  const text = entry[field];
  if (!text) throw modelError(origin, "an entry without a CIDR block", "give CidrBlock or Ipv6CidrBlock");
  const prefix = readPrefix(text, () => child(origin, field), notes);
  const number = entry.RuleNumber;
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
