import type { Address, Prefix } from "../../net/address.ts";
import { parsePrefix } from "../../net/parse.ts";
import type { NetworkInterface, RouteTable, Snapshot } from "../../policy/model.ts";
import { holds, ownBlocks } from "./match-peer.ts";

/**
 * Where the interface's subnet sends packets for the peer: the target of the longest route that holds it (VPC User Guide,
 * "Route priority"), `local` inside the VPC; null when nothing tells. In the VPC only an appliance takes the local route's
 * place.
 */
export function targetOf(snapshot: Snapshot, { subnetId }: NetworkInterface, peer: Address): string | null {
  const vpcId = snapshot.subnets.get(subnetId ?? "")?.vpcId ?? null;
  const own = (snapshot.vpcs.get(vpcId ?? "")?.prefixes ?? []).find((block) => holds(block, peer));
  let best: { readonly length: number; readonly target: string } | null = own
    ? { length: own.length, target: "local" }
    : null;
  for (const route of routeTableOf(snapshot, subnetId, vpcId)?.routes ?? []) {
    if (route.state !== "active" || (own && !isAppliance(route.target, route.destination))) continue;
    for (const block of destinationsOf(snapshot, route.destination)) {
      if (!holds(block, peer)) continue;
      const takesPlace = best?.target === "local" && block.length === best.length;
      if (best === null || block.length > best.length || takesPlace)
        best = { length: block.length, target: route.target };
    }
  }
  return best?.target ?? null;
}

/** True when the peer is reached through a transit gateway whose attachment shares the interface's subnet. */
export function viaTransitInSubnet(snapshot: Snapshot, one: NetworkInterface, peer: Address): boolean {
  if (one.subnetId === null || one.type === "transit_gateway") return false;
  const attached = [...snapshot.interfaces.values()].some(
    (other) => other.type === "transit_gateway" && other.subnetId === one.subnetId,
  );
  return attached && (targetOf(snapshot, one, peer)?.startsWith("tgw-") ?? false);
}

/** The appliance that packets for the peer go through; null for none. Gateway endpoints are reached by prefix lists. */
export function applianceTo(snapshot: Snapshot, one: NetworkInterface, peer: Address): string | null {
  const target = targetOf(snapshot, one, peer);
  const gatewayEndpoint = target === null || endpointList(snapshot, one, target, peer) !== null;
  return !gatewayEndpoint && isAppliance(target, "") ? target : null;
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
  const target = targetOf(snapshot, one, peer);
  if (target === null || !/^(?:nat|eigw|vpce)-/.test(target)) return null;
  const list = endpointList(snapshot, one, target, peer);
  return list === null || list.endsWith(".dynamodb") ? `the way leads through ${target}` : null;
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

/** Name of the prefix list by which a gateway endpoint is reached; null for targets that are none. */
function endpointList(snapshot: Snapshot, one: NetworkInterface, target: string, peer: Address): string | null {
  const vpcId = snapshot.subnets.get(one.subnetId ?? "")?.vpcId ?? null;
  const route = routeTableOf(snapshot, one.subnetId, vpcId)?.routes.find(
    (any) =>
      any.target === target &&
      any.destination.startsWith("pl-") &&
      destinationsOf(snapshot, any.destination).some((block) => holds(block, peer)),
  );
  return route ? (snapshot.prefixLists.get(route.destination)?.name ?? "") : null;
}

function isAppliance(target: string, destination: string): boolean {
  return !destination.startsWith("pl-") && /^(?:eni|i|vpce)-/.test(target);
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
