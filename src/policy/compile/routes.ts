import { parsePrefix } from "../../net/parse.ts";
import { holdsPrefix, subtractPrefixes } from "../../net/prefix-sets.ts";
import type { Prefix } from "../../net/address.ts";
import type { PrefixList, RouteTable, Snapshot } from "../model.ts";

/** A route as the packet meets it: `list` is the prefix list that stands as its destination. */
export interface Route {
  readonly target: string;
  readonly list: PrefixList | null;
}

/**
 * The addresses that the subnet's route table sends to a target of the wanted kind: of the routes that hold an address the
 * longest decides (VPC User Guide, "Route priority"). Inside the VPC only appliances take the local route's place.
 */
export function routedPrefixes(snapshot: Snapshot, subnetId: string, wanted: (route: Route) => boolean): Prefix[] {
  const local = snapshot.vpcs.get(snapshot.subnets.get(subnetId)?.vpcId ?? "")?.prefixes ?? [];
  const routes = (tableOf(snapshot, subnetId)?.routes ?? [])
    .filter(({ state }) => state === "active")
    .flatMap(({ destination, target }) => {
      const list = destination.startsWith("pl-") ? (snapshot.prefixLists.get(destination) ?? null) : null;
      const route = { target, list };
      return blocksOf(snapshot, destination).map((prefix) => ({
        prefix,
        wanted: wanted(route),
        appliance: isMiddlebox(route),
      }));
    })
    .filter(({ prefix, appliance }) => appliance || !local.some((block) => holdsPrefix(block, prefix)));
  const blocks = local.map((prefix) => ({ prefix, wanted: false, appliance: false }));
  const others = [...blocks, ...routes].filter((one) => !one.wanted);
  return routes.flatMap((route) => {
    if (!route.wanted) return [];
    const longer = others.filter(({ prefix }) => prefix.length > route.prefix.length);
    return subtractPrefixes(
      route.prefix,
      longer.map(({ prefix }) => prefix),
    );
  });
}

/**
 * Routes through an appliance: its interface or instance, or the endpoint of a firewall or Gateway Load Balancer. A group
 * reference does not match traffic that takes one (VPC User Guide, "Security group rules").
 */
export function isMiddlebox({ target, list }: Route): boolean {
  return list === null && /^(?:eni|i|vpce)-/.test(target);
}

/**
 * Routes whose connections are tracked whatever the rules: NAT gateways, egress-only internet gateways, firewall endpoints,
 * the gateway endpoint of DynamoDB (EC2 User Guide, "Automatically tracked connections").
 */
export function isAlwaysTracked({ target, list }: Route): boolean {
  if (list !== null) return target.startsWith("vpce-") && list.name.endsWith(".dynamodb");
  return /^(?:nat|eigw|vpce)-/.test(target);
}

/** The blocks that a route's destination stands for; none where the model lacks the prefix list's entries. */
export function blocksOf(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}

/** The route table of the subnet: its own, or the main one of its VPC. */
export function tableOf(snapshot: Snapshot, subnetId: string): RouteTable | undefined {
  const tables = [...snapshot.routeTables.values()];
  const vpcId = snapshot.subnets.get(subnetId)?.vpcId;
  return (
    tables.find((table) => table.subnetIds.includes(subnetId)) ??
    tables.find((table) => table.main && table.vpcId === vpcId)
  );
}
