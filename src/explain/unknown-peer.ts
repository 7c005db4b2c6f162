import type { NetworkInterface, Snapshot } from "../model/model.ts";
import { type Address, holdsAddress, type Prefix } from "../net/address.ts";
import { hostPrefix } from "../net/parse.ts";

/**
 * The VPC in which an unknown interface with this address may have been a member of the group; null where it cannot. The
 * address lies in a VPC where the group or a member of it is, no interface in force has it, and AWS keeps it for no use of
 * its own (VPC User Guide, "Subnet sizing").
 */
export function vpcOfUnknownPeer(
  snapshot: Snapshot,
  groupId: string,
  members: readonly NetworkInterface[],
  address: Address,
): string | null {
  for (const vpcId of [snapshot.securityGroups.get(groupId)?.vpcId ?? null, ...members.map((one) => one.vpcId)]) {
    if (vpcId === null || !isInVpc(snapshot, vpcId, address)) continue;
    if (isHeldIn(snapshot, vpcId, address) || isReservedIn(snapshot, vpcId, address)) continue;
    return vpcId;
  }
  return null;
}

/** In a block of the VPC or, where the model lacks that, in one of its subnets. */
function isInVpc(snapshot: Snapshot, vpcId: string, address: Address): boolean {
  const holds = (block: Prefix): boolean => holdsAddress(block, address);
  if (snapshot.vpcs.get(vpcId)?.prefixes.some(holds)) return true;
  return [...snapshot.subnets.values()].some((subnet) => subnet.vpcId === vpcId && subnet.prefixes.some(holds));
}

function isHeldIn(snapshot: Snapshot, vpcId: string, address: Address): boolean {
  return [...snapshot.interfaces.values()].some((one) => {
    if (one.vpcId !== null && one.vpcId !== vpcId) return false;
    return [...one.addresses.map(hostPrefix), ...one.prefixes].some((block) => holdsAddress(block, address));
  });
}

/** One of the first four addresses of a subnet, or its last. */
function isReservedIn(snapshot: Snapshot, vpcId: string, address: Address): boolean {
  return [...snapshot.subnets.values()].some((subnet) =>
    subnet.vpcId === vpcId ? subnet.prefixes.some((block) => isReservedOf(block, address)) : false,
  );
}

function isReservedOf(block: Prefix, address: Address): boolean {
  if (!holdsAddress(block, address)) return false;
  const host = hostPart(block, address);
  const size = 1n << BigInt(address.words.length * 32 - block.length);
  return host < 4n || host === size - 1n;
}

/** The address as a number within its block. */
function hostPart(block: Prefix, address: Address): bigint {
  const number = (words: readonly number[]): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return number(address.words) - number(block.words);
}
