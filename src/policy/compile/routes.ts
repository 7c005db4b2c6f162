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
  const routes = activeRoutes(tableOf(snapshot, subnetId))
    .flatMap(({ destination, target }) => {
      const list = isList(destination) ? (snapshot.prefixLists.get(destination) ?? null) : null;
      const kinds = { list, wanted: wanted({ target, list }), appliance: isMiddlebox({ target, list }) };
      return blocksOf(snapshot, destination).map((prefix) => ({ prefix, ...kinds }));
    })
    .filter(({ prefix, appliance }) => appliance || !local.some((block) => holdsPrefix(block, prefix)));
  const blocks = local.map((prefix) => ({ prefix, list: null, wanted: false }));
  const others = [...blocks, ...routes].filter((one) => !one.wanted);
  return routes.flatMap((route) => {
    if (!route.wanted) return [];
    const before = others.filter(({ prefix, list }) => {
      return (
        prefix.length > route.prefix.length || (list === null && route.list !== null && isSame(prefix, route.prefix))
      );
    });
    return subtractPrefixes(
      route.prefix,
      before.map(({ prefix }) => prefix),
    );
  });
}

/**
 * Routes through an appliance: its interface or instance, or the endpoint of a firewall or Gateway Load Balancer (gateway
 * endpoints, which are none, are reached by prefix lists). A group
 * reference does not match traffic that takes one (VPC User Guide, "Security group rules").
 */
export function isMiddlebox({ target, list }: Route): boolean {
  return /^(?:eni|i)-/.test(target) || (list === null && target.startsWith("vpce-"));
}

/**
 * Routes whose connections are tracked whatever the rules: NAT gateways, egress-only internet gateways, firewall endpoints,
 * the gateway endpoint of DynamoDB (EC2 User Guide, "Automatically tracked connections").
 */
export function isAlwaysTracked({ target, list }: Route): boolean {
  if (target.startsWith("vpce-")) return list === null || list.name.endsWith(".dynamodb");
  return /^(?:nat|eigw)-/.test(target);
}

/** The blocks that a route's destination stands for; none where the model lacks the prefix list's entries. */
export function blocksOf(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}

/** Routes that work, those to a prefix list last: of two for one block the other has priority. */
export function activeRoutes(table: RouteTable | undefined): RouteTable["routes"] {
  const active = (table?.routes ?? []).filter(({ state }) => state === "active");
  return active.toSorted((one, other) => Number(isList(one.destination)) - Number(isList(other.destination)));
}

function isList(destination: string): boolean {
  return destination.startsWith("pl-");
}

function isSame(one: Prefix, other: Prefix): boolean {
  return one.length === other.length && holdsPrefix(one, other);
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
