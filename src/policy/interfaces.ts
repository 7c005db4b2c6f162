import type { Snapshot, Subnet } from "../model/model.ts";
import { addressBlocks } from "../model/resolve.ts";
import { type TransitRoute, transitRoutes, transitSubnets } from "../model/routes.ts";
import { IPV4, IPV6, type Prefix } from "../net/address.ts";
import { type BlockLists, createBlockLists } from "../net/block-lists.ts";
import type { LayerFilters } from "./layer-filters.ts";
import type { Place } from "./places.ts";

export const NO_FILTER = -1;
export const NOT_IN_SNAPSHOT = -2;

/**
 * Columns by interface, then by place (places.ts) for interfaces that no snapshot knows, in shared memory. A filter of `NO_FILTER` means that the layer does not apply (no groups) or is not
 * known (no network ACL in the model: see `ACL_UNKNOWN`).
 */
export interface CompiledInterfaces {
  readonly sgIngress: Int32Array;
  readonly sgEgress: Int32Array;
  readonly naclIngress: Int32Array;
  readonly naclEgress: Int32Array;
  /** Primary IPv4 address; 0 if there is none. */
  readonly primary: Uint32Array;
  /** First IPv4 block of the subnet. Mask 0 and base 1 match nothing. */
  readonly subnetBase: Uint32Array;
  readonly subnetMask: Uint32Array;
  /** Number of the peer that stands for the unfiltered addresses of the interface's VPC. */
  readonly unfiltered: Int32Array;
  /** The bits below. */
  readonly flags: Uint8Array;
  /** Index of the subnet's blocks in `subnets`, and of its routes in `routes`. */
  readonly subnet: Uint32Array;
  readonly transit: Uint32Array;
  /** Private addresses and delegated prefixes of each `DETAILED` interface. */
  readonly blocks: BlockLists;
  /** Blocks of the subnets of `DETAILED` interfaces; list 0 is empty. */
  readonly subnets: BlockLists;
  /** Routes of subnets with a transit gateway attachment, longest prefix first; list 0 is empty. */
  readonly routes: readonly (readonly TransitRoute[])[];
  /** How many of the snapshot's filters stand on interfaces; those behind them are for places alone. */
  readonly filters: number;
}

/** The interface has more than a primary IPv4 address, or its subnet more than one block: see `blocks` and `subnets`. */
export const DETAILED = 1;
/** The model holds no network ACL for the interface's subnet: that layer is undecided. */
export const ACL_UNKNOWN = 2;
/** For IPv4 the columns say everything, even if the interface is `DETAILED` because of IPv6. */
export const IPV4_COMPLETE = 4;

export function compileInterfaces(
  snapshot: Snapshot,
  interfaceIds: readonly string[],
  places: readonly Place[],
  { filters, ofGroups, ofPlace, ofAcl }: LayerFilters,
  vpcPeer: (vpcId: string | null) => number,
): CompiledInterfaces {
  const count = interfaceIds.length + places.length;
  const int = (): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4));
  const uint = (): Uint32Array => new Uint32Array(new SharedArrayBuffer(count * 4));
  const columns = {
    sgIngress: int().fill(NOT_IN_SNAPSHOT),
    sgEgress: int().fill(NOT_IN_SNAPSHOT),
    naclIngress: int().fill(NO_FILTER),
    naclEgress: int().fill(NO_FILTER),
    primary: uint(),
    subnetBase: uint().fill(1),
    subnetMask: uint(),
    unfiltered: int(),
    flags: new Uint8Array(new SharedArrayBuffer(count)),
    subnet: uint(),
    transit: uint(),
  };
  const own = createBlockLists();
  const subnets = createBlockLists();
  const subnetLists = new Map<Subnet | undefined, number>([[undefined, subnets.add([])]]);
  const routes: (readonly TransitRoute[])[] = [[]];
  const aclOfSubnet = new Map<string, string>();
  for (const acl of snapshot.networkAcls.values()) for (const subnet of acl.subnetIds) aclOfSubnet.set(subnet, acl.id);
  const vpcPeers = new Map<string | null, number>();
  const transit = new Map<string, number>();
  for (const subnetId of transitSubnets(snapshot)) {
    const found = transitRoutes(snapshot, subnetId);
    transit.set(subnetId, found.length === 0 ? 0 : routes.push(found) - 1);
  }

  /** Sets what does not depend on the interface's own addresses. */
  const stand = (
    at: number,
    one: Place["stand"],
    groups: typeof NO_GROUPS,
    type: string,
  ): { subnet: Subnet | undefined; routed: number } => {
    const subnet = one.subnetId === null ? undefined : snapshot.subnets.get(one.subnetId);
    const acl = one.subnetId === null ? undefined : aclOfSubnet.get(one.subnetId);
    columns.sgIngress[at] = groups.ingress;
    columns.sgEgress[at] = groups.egress;
    if (acl === undefined) columns.flags[at] |= ACL_UNKNOWN;
    else {
      const entries = ofAcl(acl);
      columns.naclIngress[at] = entries.ingress;
      columns.naclEgress[at] = entries.egress;
    }
    let peer = vpcPeers.get(one.vpcId);
    if (peer === undefined) vpcPeers.set(one.vpcId, (peer = vpcPeer(one.vpcId)));
    columns.unfiltered[at] = peer;
    return { subnet, routed: type === "transit_gateway" ? 0 : (transit.get(one.subnetId ?? "") ?? 0) };
  };
  const describe = (at: number, subnet: Subnet | undefined, routed: number): void => {
    columns.flags[at] |= DETAILED;
    let list = subnetLists.get(subnet);
    if (list === undefined) subnetLists.set(subnet, (list = subnets.add(subnet?.prefixes ?? [])));
    columns.subnet[at] = list;
    columns.transit[at] = routed;
  };

  interfaceIds.forEach((id, at) => {
    const one = snapshot.interfaces.get(id);
    if (!one) return void own.add([]);
    const { subnet, routed } = stand(at, one, one.groupIds.length === 0 ? NO_GROUPS : ofGroups(one), one.type);
    const primary = one.addresses[0]?.family === IPV4 ? one.addresses[0].words[0] : 0;
    columns.primary[at] = primary;
    const block = subnet?.prefixes.find((prefix) => prefix.family === IPV4);
    if (block) {
      columns.subnetMask[at] = block.length === 0 ? 0 : (0xffffffff << (32 - block.length)) >>> 0;
      columns.subnetBase[at] = block.words[0];
    }
    const blocks = addressBlocks(one);
    const ipv4Complete = routed === 0 && isIpv4Complete(blocks, subnet, primary);
    if (ipv4Complete) columns.flags[at] |= IPV4_COMPLETE;
    if (ipv4Complete && !hasIpv6(blocks) && !hasIpv6(subnet?.prefixes ?? [])) return void own.add([]);
    own.add(blocks);
    describe(at, subnet, routed);
  });
  const filtersOfInterfaces = filters.length;
  places.forEach((place, number) => {
    const at = interfaceIds.length + number;
    const { subnet, routed } = stand(at, place.stand, ofPlace(place.stand), "interface");
    own.add([]);
    describe(at, subnet, routed);
  });
  return { ...columns, blocks: own.build(), subnets: subnets.build(), routes, filters: filtersOfInterfaces };
}

const NO_GROUPS = { ingress: NO_FILTER, egress: NO_FILTER };

/** The primary address is the only one, and the subnet has at most one block. */
function isIpv4Complete(blocks: readonly Prefix[], subnet: Subnet | undefined, primary: number): boolean {
  const isIpv4 = (prefix: Prefix): boolean => prefix.family === IPV4;
  const [own, ...others] = blocks.filter(isIpv4);
  if (own === undefined || others.length > 0 || (subnet?.prefixes ?? []).filter(isIpv4).length > 1) return false;
  return own.length === 32 && own.words[0] === primary;
}

function hasIpv6(prefixes: readonly Prefix[]): boolean {
  return prefixes.some((prefix) => prefix.family === IPV6);
}
