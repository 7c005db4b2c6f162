import type { Snapshot, Subnet } from "../model/model.ts";
import { addressBlocks } from "../model/resolve.ts";
import { type TransitRoute, transitRoutes, transitSubnets } from "../model/routes.ts";
import { IPV4, IPV6, type Prefix } from "../net/address.ts";
import { type BlockLists, createBlockLists } from "../net/block-lists.ts";
import type { LayerFilters } from "./layer-filters.ts";

export const NO_FILTER = -1;
export const NOT_IN_SNAPSHOT = -2;

/**
 * Per interface of the dictionary, as columns in shared memory. A filter of `NO_FILTER` means that the layer does not apply (no
 * groups) or cannot be known (no network ACL in the model: see `ACL_UNKNOWN`).
 */
export interface CompiledInterfaces {
  readonly sgIngress: Int32Array;
  readonly sgEgress: Int32Array;
  readonly naclIngress: Int32Array;
  readonly naclEgress: Int32Array;
  /** Primary IPv4 address; 0 where there is none. */
  readonly primary: Uint32Array;
  /** First IPv4 block of the subnet, as base and mask; mask 0 and base 1 match nothing. */
  readonly subnetBase: Uint32Array;
  readonly subnetMask: Uint32Array;
  /** Peer that stands for the unfiltered addresses of the interface's VPC. */
  readonly unfiltered: Int32Array;
  /** `DETAILED` where the columns above do not tell everything, but the following. */
  readonly flags: Uint8Array;
  /** Number of the subnet's blocks in `subnets`, and of the subnet's routes in `routes`. */
  readonly subnet: Uint32Array;
  readonly transit: Uint32Array;
  /** Every private address and delegated prefix, by interface; none of those that are not `DETAILED`. */
  readonly blocks: BlockLists;
  /** Blocks of the subnets of `DETAILED` interfaces; list 0 is empty. */
  readonly subnets: BlockLists;
  /** Longest first, the routes of subnets that the attachment of a transit gateway shares; list 0 is empty. */
  readonly routes: readonly (readonly TransitRoute[])[];
}

/** For interfaces with more than a primary IPv4 address, or in a subnet with more than one IPv4 block; and for IPv6. */
export const DETAILED = 1;
/** The model holds no network ACL for the interface's subnet: that layer is undecided. */
export const ACL_UNKNOWN = 2;
/** Of IPv4 the columns tell everything, whatever IPv6 addresses there are beside. */
export const IPV4_COMPLETE = 4;

export function compileInterfaces(
  snapshot: Snapshot,
  interfaceIds: readonly string[],
  { ofGroups, ofAcl }: Pick<LayerFilters, "ofGroups" | "ofAcl">,
  vpcPeer: (vpcId: string | null) => number,
): CompiledInterfaces {
  const count = interfaceIds.length;
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

  interfaceIds.forEach((id, at) => {
    const one = snapshot.interfaces.get(id);
    if (!one) return void own.add([]);
    const subnet = one.subnetId === null ? undefined : snapshot.subnets.get(one.subnetId);
    const acl = one.subnetId === null ? undefined : aclOfSubnet.get(one.subnetId);
    const groups = one.groupIds.length === 0 ? NO_GROUPS : ofGroups(one);
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
    const primary = one.addresses[0]?.family === IPV4 ? one.addresses[0].words[0] : 0;
    columns.primary[at] = primary;
    const block = subnet?.prefixes.find((prefix) => prefix.family === IPV4);
    if (block) {
      columns.subnetMask[at] = block.length === 0 ? 0 : (0xffffffff << (32 - block.length)) >>> 0;
      columns.subnetBase[at] = block.words[0];
    }
    const routed = one.type === "transit_gateway" ? 0 : (transit.get(one.subnetId ?? "") ?? 0);
    const blocks = addressBlocks(one);
    const fourTold = routed === 0 && isFourTold(blocks, subnet, primary);
    if (fourTold) columns.flags[at] |= IPV4_COMPLETE;
    if (fourTold && !hasSix(blocks) && !hasSix(subnet?.prefixes ?? [])) return void own.add([]);
    columns.flags[at] |= DETAILED;
    own.add(blocks);
    let list = subnetLists.get(subnet);
    if (list === undefined) subnetLists.set(subnet, (list = subnets.add(subnet?.prefixes ?? [])));
    columns.subnet[at] = list;
    columns.transit[at] = routed;
  });
  return { ...columns, blocks: own.build(), subnets: subnets.build(), routes };
}

const NO_GROUPS = { ingress: NO_FILTER, egress: NO_FILTER };

/** One address, which is the primary one, and one block of the subnet at the most. */
function isFourTold(blocks: readonly Prefix[], subnet: Subnet | undefined, primary: number): boolean {
  const isFour = (prefix: Prefix): boolean => prefix.family === IPV4;
  const [own, ...others] = blocks.filter(isFour);
  if (own === undefined || others.length > 0 || (subnet?.prefixes ?? []).filter(isFour).length > 1) return false;
  return own.length === 32 && own.words[0] === primary;
}

function hasSix(prefixes: readonly Prefix[]): boolean {
  return prefixes.some((prefix) => prefix.family === IPV6);
}
