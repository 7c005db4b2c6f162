import type { Prefix } from "../../net/address.ts";
import { hostPrefix } from "../../net/parse.ts";
import type { NetworkInterface, Peer, Snapshot } from "../model.ts";
import { PEER_EXACT, PEER_NLB, PEER_UNRESOLVED } from "./filters.ts";
import { unfilteredPrefixes } from "./unfiltered.ts";

/** The distinct peers of a snapshot's rules, and how each stands to addresses outside its blocks. */
export interface Peers {
  readonly blocks: Prefix[][];
  readonly states: number[];
  /** A peer that matches every address perhaps. */
  readonly unknown: number;
  idOf(peer: Peer): number;
  /** The addresses in a VPC that no layer filters; -1 where the VPC is not known. */
  idOfVpc(vpcId: string | null): number;
  /** Bit `family` of a peer that is 0.0.0.0/0 or ::/0, else 0. */
  openFamily(peer: number): number;
}

/** Starts with the peer that may be anything; the others are added as rules mention them. */
export function collectPeers(snapshot: Snapshot): Peers {
  const ids = new Map<string, number>();
  const blocks: Prefix[][] = [];
  const states: number[] = [];
  const add = (key: string, prefixes: Prefix[], state: number): number => {
    const known = ids.get(key);
    if (known !== undefined) return known;
    blocks.push(prefixes);
    states.push(state);
    ids.set(key, blocks.length - 1);
    return blocks.length - 1;
  };
  const members = new Map<string, NetworkInterface[]>();
  for (const networkInterface of snapshot.interfaces.values()) {
    for (const group of networkInterface.groupIds) {
      const list = members.get(group);
      if (list) list.push(networkInterface);
      else members.set(group, [networkInterface]);
    }
  }
  const unknown = add("unknown", [], PEER_UNRESOLVED);
  return {
    blocks,
    states,
    unknown,
    idOf(peer) {
      if (peer.kind === "cidr") {
        return add(
          `cidr|${peer.prefix.family}|${peer.prefix.words.join(".")}/${peer.prefix.length}`,
          [peer.prefix],
          PEER_EXACT,
        );
      }
      if (peer.kind === "prefix-list") {
        const entries = snapshot.prefixLists.get(peer.id)?.entries ?? null;
        return add(`pl|${peer.id}`, [...(entries ?? [])], entries === null ? PEER_UNRESOLVED : PEER_EXACT);
      }
      const interfaces = members.get(peer.id);
      const known = interfaces !== undefined || snapshot.securityGroups.has(peer.id);
      // A reference to a group or over a peering that is gone matches nothing; a group nobody gave us may match anything.
      const stale = peer.peeringStatus !== null && peer.peeringStatus !== "active";
      if (stale || (!known && peer.userId === null)) return add("gone", [], PEER_EXACT);
      if (!known) return add(`sg|${peer.id}`, [], PEER_UNRESOLVED);
      const behindBalancer = interfaces?.some((one) => one.type === "network_load_balancer") ?? false;
      return add(`sg|${peer.id}`, (interfaces ?? []).flatMap(addressBlocks), behindBalancer ? PEER_NLB : PEER_EXACT);
    },
    idOfVpc(vpcId) {
      const vpc = vpcId === null ? undefined : snapshot.vpcs.get(vpcId);
      const subnets = [...snapshot.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
      return add(`unfiltered|${vpcId}`, unfilteredPrefixes(vpc, subnets), PEER_EXACT);
    },
    openFamily(peer) {
      const [block, ...others] = blocks[peer];
      return block !== undefined && others.length === 0 && block.length === 0 ? 1 << block.family : 0;
    },
  };
}

/** All private addresses of an interface: what a reference to its group matches. */
export function addressBlocks(networkInterface: NetworkInterface): Prefix[] {
  return [...networkInterface.addresses.map(hostPrefix), ...networkInterface.prefixes];
}
