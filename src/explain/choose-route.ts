import type { NetworkInterface, RouteTable, Snapshot } from "../model/model.ts";
import { type Address, holdsAddress, type Prefix } from "../net/address.ts";
import { parsePrefix } from "../net/parse.ts";
import { ownBlocks } from "./match-rule.ts";

/** The route that a packet takes. `list` is the prefix list that is its destination, null for a block. */
export interface RouteChoice {
  readonly target: string;
  readonly list: string | null;
}

/**
 * The route from the interface's subnet to the peer: the longest that contains it (VPC User Guide, "Route priority"),
 * `local` inside the VPC; null when the model does not tell. Inside the VPC only a route to an appliance replaces the local
 * one.
 */
export function chooseRoute(snapshot: Snapshot, { subnetId }: NetworkInterface, peer: Address): RouteChoice | null {
  const vpcId = snapshot.subnets.get(subnetId ?? "")?.vpcId ?? null;
  const own = (snapshot.vpcs.get(vpcId ?? "")?.prefixes ?? []).find((block) => holdsAddress(block, peer));
  const routes = (routeTableOf(snapshot, subnetId, vpcId)?.routes ?? []).map(({ destination, ...route }) => {
    return { ...route, destination, list: destination.startsWith("pl-") ? destination : null };
  });
  let best: (RouteChoice & { readonly length: number }) | null = own
    ? { target: "local", list: null, length: own.length }
    : null;
  // A route to a prefix list comes after one to the same block.
  for (const route of routes.toSorted((one, other) => Number(one.list !== null) - Number(other.list !== null))) {
    if (route.state !== "active" || (own && !isAppliance(route))) continue;
    for (const block of destinationsOf(snapshot, route.destination)) {
      const longer = best === null || block.length > best.length;
      const takesPlace = best?.target === "local" && block.length === best.length;
      if (holdsAddress(block, peer) && (longer || takesPlace)) best = { ...route, length: block.length };
    }
  }
  return best;
}

/** True when the peer is reached through a transit gateway whose attachment shares the interface's subnet. */
export function viaTransitInSubnet(snapshot: Snapshot, one: NetworkInterface, peer: Address): boolean {
  if (one.subnetId === null || one.type === "transit_gateway") return false;
  const attached = [...snapshot.interfaces.values()].some(
    (other) => other.type === "transit_gateway" && other.subnetId === one.subnetId,
  );
  return attached && (chooseRoute(snapshot, one, peer)?.target.startsWith("tgw-") ?? false);
}

/** The appliance that packets to the peer go through; null for none. */
export function applianceTo(snapshot: Snapshot, one: NetworkInterface, peer: Address): string | null {
  const route = chooseRoute(snapshot, one, peer);
  return route !== null && isAppliance(route) ? route.target : null;
}

/**
 * True when connections with the peer are tracked whatever the rules are: by their route, or by what either end is (EC2 User
 * Guide, "Automatically tracked connections").
 */
export function isAlwaysTracked(snapshot: Snapshot, one: NetworkInterface, peer: Address): boolean {
  if (ALWAYS_TRACKED.has(one.type)) return true;
  for (const other of snapshot.interfaces.values()) {
    if (ALWAYS_TRACKED.has(other.type) && ownBlocks(other).some((block) => holdsAddress(block, peer))) return true;
  }
  const { target, list } = chooseRoute(snapshot, one, peer) ?? { target: "", list: null };
  if (/^(?:nat|eigw)-/.test(target)) return true;
  if (!target.startsWith("vpce-")) return false;
  return list === null || (snapshot.prefixLists.get(list)?.name ?? "").endsWith(".dynamodb");
}

/** Types of interfaces whose connections are always tracked. */
const ALWAYS_TRACKED = new Set([
  "natGateway",
  "nat_gateway",
  "network_load_balancer",
  "gateway_load_balancer",
  "gateway_load_balancer_endpoint",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
]);

/** An interface, an instance or the endpoint of a firewall. A gateway endpoint has a prefix list as its destination. */
function isAppliance({ target, list }: RouteChoice): boolean {
  return /^(?:eni|i)-/.test(target) || (list === null && target.startsWith("vpce-"));
}

function routeTableOf(snapshot: Snapshot, subnetId: string | null, vpcId: string | null): RouteTable | undefined {
  const tables = [...snapshot.routeTables.values()];
  const own = tables.find((table) => subnetId !== null && table.subnetIds.includes(subnetId));
  return own ?? tables.find((table) => table.main && table.vpcId === vpcId);
}

function destinationsOf(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}
