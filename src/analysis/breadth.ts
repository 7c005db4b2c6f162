import type { Peer, Snapshot } from "../model/model.ts";
import { PEER_UNRESOLVED, resolverOf } from "../model/resolve.ts";
import type { ServiceMatch } from "../model/rule-match.ts";
import { IPV4, type Prefix } from "../net/address.ts";
import { hasPorts, isIcmp } from "../net/protocols.ts";

/** Services of a rule for all traffic: every port of TCP and UDP, and the other protocols. */
const ALL_SERVICES = 2 * 65_536 + 254;
const ALL_ADDRESSES = 2 ** 32;
const MOST = Math.log2(ALL_ADDRESSES * ALL_SERVICES);

/**
 * How much a rule lets pass: addresses times services. An IPv6 block counts as the IPv4 block with the same share of prefix
 * bits: a /64 as a /16.
 */
export function ruleVolume(rule: ServiceMatch & { readonly peer: Peer }, snapshot: Snapshot): number {
  return peerAddresses(rule.peer, snapshot) * ruleServices(rule);
}

/** Score of a volume, or of the sum of several: 1 is one host and one port, 100 any address, port and protocol. */
export function breadthScore(volume: number): number {
  if (volume <= 1) return 1;
  return Math.min(100, Math.round(1 + (99 * Math.log2(volume)) / MOST));
}

/** The number of TCP and UDP ports, ICMP types and other protocols that a rule lets pass. */
export function ruleServices({ protocol, ports, icmp }: ServiceMatch): number {
  if (protocol === -1) return ALL_SERVICES;
  if (hasPorts(protocol)) return ports === null ? 65_536 : ports.to - ports.from + 1;
  return isIcmp(protocol) && icmp === null ? 256 : 1;
}

/** Addresses of a rule's peer; a peer that cannot be resolved counts as every address. */
export function peerAddresses(peer: Peer, snapshot: Snapshot): number {
  const { blocks, state } = resolverOf(snapshot).addressesOf(peer);
  if (state === PEER_UNRESOLVED) return ALL_ADDRESSES;
  return blocks.reduce((sum, block) => sum + prefixAddresses(block), 0);
}

export function prefixAddresses({ family, length }: Prefix): number {
  return family === IPV4 ? 2 ** (32 - length) : 2 ** ((128 - length) / 4);
}
