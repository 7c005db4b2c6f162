import { formatPrefix, IPV4, type Prefix } from "../../net/address.ts";
import { parsePrefix } from "../../net/parse.ts";
import type { Snapshot } from "../model.ts";
import type { Finding } from "./finding.ts";
import { type AddressSet, addressSet, intersects, prefixInterval, subtractAddresses } from "./regions.ts";
import { addressesBySpace } from "./rule-regions.ts";

/** RFC 1918, RFC 6598 and RFC 4193: an internet gateway or NAT gateway leads to none of them. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].map(
  (text) => parsePrefix(text)!.prefix,
);
const TO_INTERNET = /^(?:igw|nat|eigw)-/;

/** Rules and entries for private blocks that neither a range nor a route of their VPC leads to. */
export function* unreachableBlocks(snapshot: Snapshot): Generator<Finding> {
  const reach = new Map<string, ReadonlyMap<string, AddressSet> | null>();
  for (const id of snapshot.vpcs.keys()) reach.set(id, reachOf(id, snapshot));
  const finding = (
    vpcId: string | null,
    prefix: Prefix,
    subjectId: string,
    ruleId: string,
    origin: Finding["origin"],
  ): Finding[] => {
    const reachable = vpcId === null ? null : reach.get(vpcId);
    if (!reachable || !isPrivate(prefix) || meets(prefix, reachable)) return [];
    const message = `${formatPrefix(prefix)} is private, and no range and no route of ${vpcId} leads to it`;
    return [
      {
        check: "cidr-out-of-reach",
        severity: "low",
        subjectId,
        ruleIds: [ruleId],
        coveringRuleIds: [],
        message,
        origin,
      },
    ];
  };
  for (const group of snapshot.securityGroups.values()) {
    for (const rule of group.rules) {
      if (rule.peer.kind !== "cidr") continue;
      yield* finding(group.vpcId, rule.peer.prefix, group.id, rule.id, rule.origin);
    }
  }
  for (const acl of snapshot.networkAcls.values()) {
    for (const entry of acl.entries) yield* finding(acl.vpcId, entry.prefix, acl.id, entry.id, entry.origin);
  }
}

/** Addresses that a VPC holds or has a route for; null when the model knows none of its route tables. */
function reachOf(vpcId: string, snapshot: Snapshot): ReadonlyMap<string, AddressSet> | null {
  const tables = [...snapshot.routeTables.values()].filter((table) => table.vpcId === vpcId);
  if (tables.length === 0) return null;
  const prefixes = [...(snapshot.vpcs.get(vpcId)?.prefixes ?? [])];
  for (const { destination, target } of tables.flatMap((table) => table.routes)) {
    const parsed = parsePrefix(destination);
    if (parsed && !TO_INTERNET.test(target)) prefixes.push(parsed.prefix);
    if (!parsed) prefixes.push(...(snapshot.prefixLists.get(destination)?.entries ?? []));
  }
  return addressesBySpace(prefixes);
}

function meets(prefix: Prefix, reachable: ReadonlyMap<string, AddressSet>): boolean {
  const own = addressSet([prefixInterval(prefix)]);
  return intersects(own, reachable.get(prefix.family === IPV4 ? "ipv4" : "ipv6") ?? []);
}

function isPrivate(prefix: Prefix): boolean {
  const own = addressSet([prefixInterval(prefix)]);
  const blocks = addressSet(PRIVATE.filter((one) => one.family === prefix.family).map(prefixInterval));
  return subtractAddresses(own, blocks).length === 0;
}
