import { type Address, holdsAddress, type Prefix } from "../net/address.ts";
import { parsePrefix } from "../net/parse.ts";
import { aggregatePrefixes, holdsPrefix, subtractPrefixes } from "../net/prefixes.ts";
import type { PrefixList, RouteTable, Snapshot } from "./model.ts";

/** Where packets for the addresses of a block go. */
export interface Route {
  readonly prefix: Prefix;
  /** Id of a gateway, interface, instance, endpoint or peering; `local` inside the VPC. */
  readonly target: string;
  /** The prefix list that is the route's destination; null where a block is. */
  readonly list: PrefixList | null;
}

const known = new WeakMap<Snapshot, Map<string, readonly Route[]>>();

/**
 * The active routes of a subnet's route table: the first that holds an address is its route. The longest come first; for
 * one block a static route comes before one to a prefix list (VPC User Guide, "Route priority"). Inside the VPC only
 * appliances take the place of the local route. Empty where the model lacks the table and the VPC.
 */
export function routesOf(snapshot: Snapshot, subnetId: string | null): readonly Route[] {
  const subnet = snapshot.subnets.get(subnetId ?? "");
  const table = tableOf(snapshot, subnetId, subnet?.vpcId);
  let tables = known.get(snapshot);
  if (tables === undefined) known.set(snapshot, (tables = new Map()));
  const key = `${table?.id} ${subnet?.vpcId}`;
  let routes = tables.get(key);
  if (routes === undefined) {
    const local = snapshot.vpcs.get(subnet?.vpcId ?? "")?.prefixes ?? [];
    tables.set(key, (routes = orderRoutes(snapshot, table, local)));
  }
  return routes;
}

/** The route table of the subnet: its own, or the main one of its VPC. */
function tableOf(
  snapshot: Snapshot,
  subnetId: string | null,
  vpcId: string | null | undefined,
): RouteTable | undefined {
  if (subnetId === null) return undefined;
  const tables = [...snapshot.routeTables.values()];
  return (
    tables.find((table) => table.subnetIds.includes(subnetId)) ??
    tables.find((table) => table.main && table.vpcId === vpcId)
  );
}

function orderRoutes(snapshot: Snapshot, table: RouteTable | undefined, local: readonly Prefix[]): Route[] {
  const routes: Route[] = local.map((prefix) => ({ prefix, target: "local", list: null }));
  for (const { destination, target, state } of table?.routes ?? []) {
    if (state !== "active") continue;
    const list = snapshot.prefixLists.get(destination) ?? null;
    for (const prefix of destinationBlocks(snapshot, destination)) {
      const route = { prefix, target, list };
      if (isMiddlebox(route) || !local.some((block) => holdsPrefix(block, prefix))) routes.push(route);
    }
  }
  return routes.sort((one, other) => other.prefix.length - one.prefix.length || rankOf(one) - rankOf(other));
}

/** Which of two routes for one block comes first. */
function rankOf({ target, list }: Route): number {
  if (list !== null) return 2;
  return target === "local" ? 1 : 0;
}

/** The blocks that a route's destination stands for; none where the model lacks the entries of a prefix list. */
export function destinationBlocks(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}

/** The route that packets of the subnet for the address take; null when the model tells none. */
export function routeTo(snapshot: Snapshot, subnetId: string | null, address: Address): Route | null {
  return routesOf(snapshot, subnetId).find(({ prefix }) => holdsAddress(prefix, address)) ?? null;
}

/** The addresses that the subnet reaches by routes of the wanted kind, in the fewest blocks. */
export function prefixesRouted(snapshot: Snapshot, subnetId: string, wanted: (route: Route) => boolean): Prefix[] {
  const routes = routesOf(snapshot, subnetId);
  const blocks = routes.flatMap((route, at) => {
    if (!wanted(route)) return [];
    const before = routes.slice(0, at).filter((one) => !wanted(one));
    return subtractPrefixes(
      route.prefix,
      before.map(({ prefix }) => prefix),
    );
  });
  return aggregatePrefixes(blocks);
}

/**
 * Routes through an appliance: its interface or instance, or the endpoint of a firewall or Gateway Load Balancer. Gateway
 * endpoints are none; they are reached by prefix lists. A reference to a group does not match traffic that takes such a
 * route (VPC User Guide, "Security group rules").
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

/**
 * Interfaces whose connections are tracked whatever their rules (EC2 User Guide, "Automatically tracked connections"): the
 * `InterfaceType` values of NAT gateways, load balancers, endpoints and Lambda.
 */
export const AUTOMATICALLY_TRACKED = new Set([
  "natGateway",
  "nat_gateway",
  "network_load_balancer",
  "gateway_load_balancer",
  "gateway_load_balancer_endpoint",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
]);

/** Targets that lead out of the private network. */
export function isInternetGateway(target: string): boolean {
  return /^(?:igw|nat|eigw)-/.test(target);
}

/** True when a route table of the VPC sends addresses of the VPC elsewhere than to `local`. */
export function isDivertedInside(snapshot: Snapshot, vpcId: string): boolean {
  const own = snapshot.vpcs.get(vpcId)?.prefixes ?? [];
  return [...snapshot.routeTables.values()].some(
    (table) =>
      table.vpcId === vpcId &&
      table.routes.some(({ destination, target }) => {
        const block = target === "local" ? null : parsePrefix(destination);
        return block !== null && own.some((vpc) => holdsPrefix(vpc, block.prefix));
      }),
  );
}

/** Subnets with the attachment of a transit gateway. */
export function transitSubnets(snapshot: Snapshot): ReadonlySet<string> {
  const attachments = [...snapshot.interfaces.values()].filter(({ type }) => type === "transit_gateway");
  return new Set(attachments.flatMap(({ subnetId }) => subnetId ?? []));
}

/** A block of a subnet's routes. */
export interface TransitRoute {
  readonly prefix: Prefix;
  /** Sent to a transit gateway. */
  readonly transit: boolean;
}

/**
 * The routes of a subnet, in order: the first that holds an address is its route. Where the attachment of a transit gateway
 * shares the subnet, AWS applies no network ACL to traffic from it (Transit Gateway guide, "Network ACLs for transit
 * gateways"). Empty where no route leads to a transit gateway.
 */
export function transitRoutes(snapshot: Snapshot, subnetId: string): TransitRoute[] {
  const routes = routesOf(snapshot, subnetId).map(({ prefix, target }) => ({ prefix, transit: isTransit(target) }));
  return routes.some(({ transit }) => transit) ? routes : [];
}

export function isTransit(target: string): boolean {
  return target.startsWith("tgw-");
}
