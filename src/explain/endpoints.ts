import type { Direction, NetworkInterface, Snapshot } from "../model/model.ts";
import { type Address, formatAddress, formatPrefix, holdsAddress, type Prefix } from "../net/address.ts";
import { parsePrefix } from "../net/parse.ts";
import { ownBlocks } from "./match-rule.ts";
import type { FlowRecord } from "./trace.ts";

/** A value and what it was deduced from, in words. */
export interface Reasoned<T> {
  readonly value: T;
  readonly because: string;
}

/** The direction of the packet, seen from the interface; null when neither address, or both, are its own. */
export function directionOf(record: FlowRecord, one: NetworkInterface): Reasoned<Direction | null> {
  if (record.direction !== null) return { value: record.direction, because: "the field flow-direction says so" };
  const { source, destination } = record;
  if (!source || !destination) return { value: null, because: "the record has neither flow-direction nor addresses" };
  const own = (address: Address): boolean => ownBlocks(one).some((block) => holdsAddress(block, address));
  const ownAddress = (value: Direction, field: string, address: Address): Reasoned<Direction> => ({
    value,
    because: `${field} ${formatAddress(address)} is an address of ${one.id}`,
  });
  const [fromHere, toHere] = [own(source), own(destination)];
  if (fromHere && !toHere) return ownAddress("egress", "srcaddr", source);
  if (toHere && !fromHere) return ownAddress("ingress", "dstaddr", destination);
  if (fromHere && toHere) {
    // Records show an interface by its primary address (VPC User Guide, "Flow log limitations").
    const primary = (address: Address): boolean => address.family === 1 && sameAddress(one.addresses[0], address);
    if (primary(source) && !primary(destination)) return ownAddress("egress", "srcaddr", source);
    if (primary(destination) && !primary(source)) return ownAddress("ingress", "dstaddr", destination);
  }
  const sides = `${formatAddress(source)} nor ${formatAddress(destination)}`;
  return { value: null, because: fromHere ? "both sides are addresses of it" : `neither ${sides} is an address of it` };
}

function sameAddress(one: Address | undefined, other: Address): boolean {
  return one?.family === other.family && one.words.every((word, at) => word === other.words[at]);
}

/** Both endpoints as the layers see them: the original packet's addresses, if the record has them. */
export function endpointsOf(
  record: FlowRecord,
  direction: Direction,
): { local: Address; remote: Address; from: string } | null {
  const packet = record.packetSource !== null && record.packetDestination !== null;
  const source = packet ? record.packetSource : record.source;
  const destination = packet ? record.packetDestination : record.destination;
  if (!source || !destination) return null;
  const prefix = packet ? "pkt-" : "";
  return direction === "ingress"
    ? { local: destination, remote: source, from: `${prefix}srcaddr` }
    : { local: source, remote: destination, from: `${prefix}dstaddr` };
}

/** Peers that are never filtered and have the same address in every VPC. */
const EVERYWHERE = (
  [
    ["169.254.169.253/32", "the Amazon DNS server"],
    ["fd00:ec2::253/128", "the Amazon DNS server"],
    ["169.254.169.254/32", "instance metadata"],
    ["fd00:ec2::254/128", "instance metadata"],
    ["169.254.170.2/32", "task metadata"],
    ["169.254.169.123/32", "the Amazon Time Sync Service"],
    ["fd00:ec2::123/128", "the Amazon Time Sync Service"],
    ["169.254.169.250/32", "Windows licence activation"],
    ["169.254.169.251/32", "Windows licence activation"],
    ["255.255.255.255/32", "DHCP servers"],
  ] as const
).map(([block, what]) => ({ block: parsePrefix(block)!.prefix, what }));

/**
 * What the peer is, when no layer filters traffic with it; null for every other peer (VPC User Guide, "Security groups" and
 * "Network ACLs"; addresses: VPC User Guide, "Subnet sizing", and EC2 User Guide).
 */
export function unfilteredPeer(snapshot: Snapshot, one: NetworkInterface, peer: Address): string | null {
  for (const { block, what } of EVERYWHERE) if (holdsAddress(block, peer)) return what;
  if (peer.family !== 1) return null;
  const isAddressOf = (block: Prefix | undefined, offset: number): boolean =>
    block !== undefined && peer.words[0] === (block.words[0] + offset) >>> 0;
  const ipv4 = (blocks: readonly Prefix[]): Prefix[] => blocks.filter((block) => block.family === 1);
  const vpc = one.vpcId === null ? undefined : snapshot.vpcs.get(one.vpcId);
  if (vpc && isAddressOf(ipv4(vpc.prefixes)[0], 2)) return "the Amazon DNS server of the VPC";
  for (const subnet of snapshot.subnets.values()) {
    if (subnet.vpcId !== one.vpcId) continue;
    if (ipv4(subnet.prefixes).some((block) => isAddressOf(block, 1))) return `the router of ${subnet.id}`;
  }
  return null;
}

/** Says that the peer is in the interface's subnet, where packets meet no network ACL; null when it is not. */
export function sharedSubnet(snapshot: Snapshot, one: NetworkInterface, peer: Address): string | null {
  const subnet = one.subnetId === null ? undefined : snapshot.subnets.get(one.subnetId);
  const block = subnet?.prefixes.find((prefix) => holdsAddress(prefix, peer));
  return block ? `${formatAddress(peer)} is in ${formatPrefix(block)}, the subnet of ${one.id}` : null;
}
