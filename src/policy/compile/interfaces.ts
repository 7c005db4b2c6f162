import { IPV4, IPV6, type Prefix } from "../../net/address.ts";
import type { NetworkInterface, Snapshot, Subnet } from "../model.ts";
import { addressBlocks } from "./peers.ts";
import { transitDestinations, type Destination } from "./transit.ts";

export const NO_FILTER = -1;
export const NOT_IN_SNAPSHOT = -2;

/**
 * Per interface of the dictionary, as columns. A filter of `NO_FILTER` means that the layer does not apply (no groups) or
 * cannot be known (no network ACL in the model: see `aclUnknown`).
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
  /** `DETAILED` where the columns above do not tell everything: see `details`. */
  readonly flags: Uint8Array;
  readonly details: ReadonlyMap<number, InterfaceDetails>;
}

export const DETAILED = 1;
/** The model holds no network ACL for the interface's subnet: that layer is undecided. */
export const ACL_UNKNOWN = 2;
/** Of IPv4 the columns tell everything, whatever IPv6 addresses there are beside. */
export const FOUR_TOLD = 4;

/** For interfaces with more than a primary IPv4 address, or in a subnet with more than one IPv4 block; and for IPv6. */
export interface InterfaceDetails {
  /** Every private address and delegated prefix. */
  readonly blocks: readonly Prefix[];
  readonly subnet: readonly Prefix[];
  /** Routes of the subnet, longest first, where the attachment of a transit gateway shares it. */
  readonly transit: readonly Destination[];
}

export function compileInterfaces(
  snapshot: Snapshot,
  interfaceIds: readonly string[],
  groupFilter: (one: NetworkInterface, direction: "ingress" | "egress") => number,
  aclFilter: (aclId: string, direction: "ingress" | "egress") => number,
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
  };
  const details = new Map<number, InterfaceDetails>();
  const aclOfSubnet = new Map<string, string>();
  for (const acl of snapshot.networkAcls.values()) for (const subnet of acl.subnetIds) aclOfSubnet.set(subnet, acl.id);
  const vpcPeers = new Map<string | null, number>();
  const transit = new Map<string, readonly Destination[]>();
  for (const one of snapshot.interfaces.values()) {
    if (one.type !== "transit_gateway" || one.subnetId === null) continue;
    transit.set(one.subnetId, transitDestinations(snapshot, one.subnetId));
  }

  interfaceIds.forEach((id, at) => {
    const one = snapshot.interfaces.get(id);
    if (!one) return;
    const subnet = one.subnetId === null ? undefined : snapshot.subnets.get(one.subnetId);
    const acl = one.subnetId === null ? undefined : aclOfSubnet.get(one.subnetId);
    columns.sgIngress[at] = one.groupIds.length === 0 ? NO_FILTER : groupFilter(one, "ingress");
    columns.sgEgress[at] = one.groupIds.length === 0 ? NO_FILTER : groupFilter(one, "egress");
    if (acl === undefined) columns.flags[at] |= ACL_UNKNOWN;
    else {
      columns.naclIngress[at] = aclFilter(acl, "ingress");
      columns.naclEgress[at] = aclFilter(acl, "egress");
    }
    if (!vpcPeers.has(one.vpcId)) vpcPeers.set(one.vpcId, vpcPeer(one.vpcId));
    columns.unfiltered[at] = vpcPeers.get(one.vpcId)!;
    const primary = one.addresses[0]?.family === IPV4 ? one.addresses[0].words[0] : 0;
    columns.primary[at] = primary;
    const block = subnet?.prefixes.find((prefix) => prefix.family === IPV4);
    if (block) {
      columns.subnetMask[at] = block.length === 0 ? 0 : (0xffffffff << (32 - block.length)) >>> 0;
      columns.subnetBase[at] = block.words[0];
    }
    const routed = one.type === "transit_gateway" ? [] : (transit.get(one.subnetId ?? "") ?? []);
    const blocks = addressBlocks(one);
    const fourTold = routed.length === 0 && isFourTold(blocks, subnet, primary);
    if (fourTold) columns.flags[at] |= FOUR_TOLD;
    if (!fourTold || hasSix(blocks) || hasSix(subnet?.prefixes ?? [])) {
      columns.flags[at] |= DETAILED;
      details.set(at, { blocks, subnet: subnet?.prefixes ?? [], transit: routed });
    }
  });
  return { ...columns, details };
}

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
