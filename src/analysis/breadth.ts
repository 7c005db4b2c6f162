import type { Peer, SecurityGroupRule, Snapshot } from "../model/model.ts";
import { IPV4, type Prefix } from "../net/address.ts";
import { hasPorts, isIcmp } from "../net/protocols.ts";

/** Services of a rule for all traffic: every port of TCP and UDP, and the other protocols. */
const ALL_SERVICES = 2 * 65_536 + 254;
const ALL_ADDRESSES = 2 ** 32;
const MOST = Math.log2(ALL_ADDRESSES * ALL_SERVICES);

/**
 * How much a rule lets pass: addresses times services. An IPv6 block counts as an IPv4 block of the same share of its
 * space's bits, so that a /64 weighs like a /16.
 */
export function ruleVolume(
  rule: Pick<SecurityGroupRule, "protocol" | "ports" | "icmp" | "peer">,
  snapshot: Snapshot,
): number {
  return peerAddresses(rule.peer, snapshot) * ruleServices(rule);
}

/** Score of a volume, or of the sum of several: 1 is one host and one port, 100 any address, port and protocol. */
export function breadthScore(volume: number): number {
  if (volume <= 1) return 1;
  return Math.min(100, Math.round(1 + (99 * Math.log2(volume)) / MOST));
}

/** Ports of TCP and UDP, types of ICMP, and other protocols that a rule lets pass. */
export function ruleServices({
  protocol,
  ports,
  icmp,
}: Pick<SecurityGroupRule, "protocol" | "ports" | "icmp">): number {
  if (protocol === -1) return ALL_SERVICES;
  if (hasPorts(protocol)) return ports === null ? 65_536 : ports.to - ports.from + 1;
  return isIcmp(protocol) && icmp === null ? 256 : 1;
}

/** Of a group the addresses of its members; what cannot be resolved counts as everything. */
export function peerAddresses(peer: Peer, snapshot: Snapshot): number {
  if (peer.kind === "cidr") return prefixAddresses(peer.prefix);
  if (peer.kind === "prefix-list") {
    const entries = snapshot.prefixLists.get(peer.id)?.entries;
    return entries ? entries.reduce((sum, entry) => sum + prefixAddresses(entry), 0) : ALL_ADDRESSES;
  }
  let addresses = 0;
  for (const one of snapshot.interfaces.values()) {
    if (!one.groupIds.includes(peer.id)) continue;
    addresses += one.addresses.length + one.prefixes.reduce((sum, prefix) => sum + prefixAddresses(prefix), 0);
  }
  if (addresses === 0 && !snapshot.securityGroups.has(peer.id) && peer.userId !== null) return ALL_ADDRESSES;
  return addresses;
}

export function prefixAddresses({ family, length }: Prefix): number {
  return family === IPV4 ? 2 ** (32 - length) : 2 ** ((128 - length) / 4);
}
