import type { NetworkInterface, Snapshot } from "../model/model.ts";
import { type Address, formatAddress, holdsAddress } from "../net/address.ts";
import { ownBlocks } from "./match-rule.ts";

/** Type of an interface that stands for one that no snapshot knows. */
const UNKNOWN_TYPE = "unknown";

/** True for an interface that `unknownInterfacesAt` made up: it may have any of its groups, or none. */
export function isUnknownInterface({ type }: NetworkInterface): boolean {
  return type === UNKNOWN_TYPE;
}

/**
 * The interfaces that may have had an address which no interface in force has: one in the subnet of the address, or in its
 * VPC where the model lacks the subnet. There are several where VPCs share addresses, and none outside of all VPCs.
 */
export function unknownInterfacesAt(snapshot: Snapshot, id: string, address: Address): NetworkInterface[] {
  const isTaken = [...snapshot.interfaces.values()].some((one) =>
    ownBlocks(one).some((block) => holdsAddress(block, address)),
  );
  if (isTaken) return [];
  const subnets = [...snapshot.subnets.values()].filter(({ prefixes }) =>
    prefixes.some((block) => holdsAddress(block, address)),
  );
  if (subnets.length > 0) return subnets.map((one) => madeUp(snapshot, id, address, one.vpcId, one.id));
  return [...snapshot.vpcs.values()]
    .filter(({ prefixes }) => prefixes.some((block) => holdsAddress(block, address)))
    .map((one) => madeUp(snapshot, id, address, one.id, null));
}

function madeUp(
  snapshot: Snapshot,
  id: string,
  address: Address,
  vpcId: string | null,
  subnetId: string | null,
): NetworkInterface {
  return {
    id,
    vpcId,
    subnetId,
    ownerId: null,
    type: UNKNOWN_TYPE,
    description: "",
    instanceId: null,
    attachedAt: null,
    groupIds: groupsOf(snapshot, vpcId),
    addresses: [address],
    prefixes: [],
    publicAddresses: [],
    tags: {},
    tracking: { tcpEstablished: null, udpStream: null, udpSingle: null },
    requesterManaged: false,
    origin: { file: "", pointer: "" },
  };
}

/** Every group that an interface in the VPC may have: its own groups, and those that are associated with it. */
function groupsOf(snapshot: Snapshot, vpcId: string | null): string[] {
  const used = [...snapshot.interfaces.values()].filter((one) => one.vpcId === vpcId).flatMap((one) => one.groupIds);
  const groups = [...snapshot.securityGroups.values()].filter(
    (group) => vpcId === null || group.vpcId === null || group.vpcId === vpcId || used.includes(group.id),
  );
  return groups.map(({ id }) => id);
}

/** What is known of it, in words. */
export function placeText({ addresses: [address], subnetId, vpcId }: NetworkInterface): string {
  const place = subnetId ?? `${vpcId}, in no subnet of the model`;
  return `in no snapshot; its address ${formatAddress(address)} is in ${place}. It may have any group of the VPC`;
}
