import type { Peer, Snapshot } from "../model/model.ts";
import { PEER_EXACT, resolverOf } from "../model/resolve.ts";
import { type Family, IPV4, type Prefix } from "../net/address.ts";
import { bitsOf, hostPrefix } from "../net/parse.ts";

/**
 * The VPCs in which a referenced group may have members that the snapshot does not know: interfaces come and go between
 * snapshots. Empty where the reference matches nothing, or where its peer is open anyway.
 */
export function membersMayBeIn(snapshot: Snapshot, peer: Peer & { kind: "group" }): string[] {
  if (peer.peeringStatus !== null && peer.peeringStatus !== "active") return [];
  const resolver = resolverOf(snapshot);
  if (resolver.addressesOf(peer).state !== PEER_EXACT) return [];
  const own = snapshot.securityGroups.get(peer.id)?.vpcId ?? null;
  const ids = new Set([own, ...resolver.membersOf(peer.id).map(({ vpcId }) => vpcId)]);
  return [...ids].filter((id) => id !== null && rangesOf(snapshot, id).length > 0) as string[];
}

/** Blocks of a VPC and of its subnets: a model may lack the VPC, or its IPv6 blocks. */
export function rangesOf(snapshot: Snapshot, vpcId: string): Prefix[] {
  const subnets = [...snapshot.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
  return [...(snapshot.vpcs.get(vpcId)?.prefixes ?? []), ...subnets.flatMap(({ prefixes }) => prefixes)];
}

/** Addresses that no interface can have: the first four of each subnet and the last (VPC User Guide, "Subnet sizing"). */
export function reservedPrefixes(snapshot: Snapshot, vpcId: string): Prefix[] {
  const subnets = [...snapshot.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
  return subnets.flatMap(({ prefixes }) =>
    prefixes.flatMap(({ family, words, length }) => [
      { family, words, length: Math.max(length, bitsOf(family) - 2) },
      hostPrefix({ family, words: lastWords(family, words, length) }),
    ]),
  );
}

function lastWords(family: Family, words: readonly number[], length: number): number[] {
  const count = family === IPV4 ? 1 : 4;
  return Array.from({ length: count }, (_, at) => {
    const bits = Math.min(32, Math.max(0, length - at * 32));
    return (words[at] | (bits === 32 ? 0 : 0xffffffff >>> bits)) >>> 0;
  });
}
