import type { NetworkInterface, RouteTable, Snapshot } from "../model/model.ts";
import type { Address, Prefix } from "../net/address.ts";
import { parsePrefix } from "../net/parse.ts";
import { holds, ownBlocks } from "./match-rule.ts";

/** What a packet meets on its way: `list` is the id of the prefix list that stands as the route's destination. */
export interface Way {
  readonly target: string;
  readonly list: string | null;
}

/**
 * Where the interface's subnet sends packets for the peer: the longest route that holds it (VPC User Guide, "Route
 * priority"), `local` inside the VPC; null when nothing tells. In the VPC only an appliance takes the local route's place.
 */
export function wayTo(snapshot: Snapshot, { subnetId }: NetworkInterface, peer: Address): Way | null {
  const vpcId = snapshot.subnets.get(subnetId ?? "")?.vpcId ?? null;
  const own = (snapshot.vpcs.get(vpcId ?? "")?.prefixes ?? []).find((block) => holds(block, peer));
  const routes = (routeTableOf(snapshot, subnetId, vpcId)?.routes ?? []).map(({ destination, ...route }) => {
    return { ...route, destination, list: destination.startsWith("pl-") ? destination : null };
  });
  let best: (Way & { readonly length: number }) | null = own
    ? { target: "local", list: null, length: own.length }
    : null;
  // Of two routes for one block that to a prefix list comes second.
  for (const route of routes.toSorted((one, other) => Number(one.list !== null) - Number(other.list !== null))) {
    if (route.state !== "active" || (own && !isAppliance(route))) continue;
    for (const block of destinationsOf(snapshot, route.destination)) {
      const longer = best === null || block.length > best.length;
      const takesPlace = best?.target === "local" && block.length === best.length;
      if (holds(block, peer) && (longer || takesPlace)) best = { ...route, length: block.length };
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
  return attached && (wayTo(snapshot, one, peer)?.target.startsWith("tgw-") ?? false);
}

/** The appliance that packets for the peer go through; null for none. */
export function applianceTo(snapshot: Snapshot, one: NetworkInterface, peer: Address): string | null {
  const way = wayTo(snapshot, one, peer);
  return way !== null && isAppliance(way) ? way.target : null;
}

/**
 * Why flows with the peer are tracked whatever the rules: their way, or the peer itself (EC2 User Guide, "Automatically
 * tracked connections"); null when they are not.
 */
export function trackedAnyway(snapshot: Snapshot, one: NetworkInterface, peer: Address): string | null {
  if (ALWAYS_TRACKED.includes(one.type)) return `the interface is a ${one.type}`;
  const other = [...snapshot.interfaces.values()].find(
    ({ type, ...its }) =>
      ALWAYS_TRACKED.includes(type) && ownBlocks({ ...its, type }).some((block) => holds(block, peer)),
  );
  if (other) return `the peer is ${other.id}, a ${other.type}`;
  const { target, list } = wayTo(snapshot, one, peer) ?? { target: "", list: null };
  const endpoint = target.startsWith("vpce-");
  const dynamo = list !== null && (snapshot.prefixLists.get(list)?.name ?? "").endsWith(".dynamodb");
  const tracks = /^(?:nat|eigw)-/.test(target) || (endpoint && (list === null || dynamo));
  return tracks ? `the way leads through ${target}` : null;
}

/** As far as an `InterfaceType` tells. */
const ALWAYS_TRACKED = [
  "natGateway",
  "nat_gateway",
  "network_load_balancer",
  "gateway_load_balancer",
  "gateway_load_balancer_endpoint",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
];

/** An interface, an instance, or the endpoint of a firewall; gateway endpoints are reached by prefix lists. */
function isAppliance({ target, list }: Way): boolean {
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
