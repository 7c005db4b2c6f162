import { type Prefix, prefixContains } from "../../net/address.ts";
import { hostPrefix } from "../../net/parse.ts";
import { subtractPrefixes } from "../../net/prefix-sets.ts";
import type { NetworkInterface, Peer, Snapshot } from "../model.ts";
import { PEER_EXACT, PEER_NLB, PEER_UNRESOLVED } from "./filters.ts";
import { unfilteredPrefixes } from "./unfiltered.ts";

/** The distinct peers of a snapshot's rules, and how each stands to addresses outside its blocks. */
export interface Peers {
  readonly blocks: Prefix[][];
  readonly states: number[];
  /** A peer that matches every address perhaps. */
  readonly unknown: number;
  /** `diverted`: addresses that the interface reaches through an appliance, where references to groups do not match. */
  idOf(peer: Peer, diverted?: Diverted): number;
  /** Addresses with which flows are tracked whatever the rules: those of the routes, and of interfaces that track. */
  idOfTracked(routes: Diverted): number;
  /** The addresses in a VPC that no layer filters; -1 where the VPC is not known. */
  idOfVpc(vpcId: string | null): number;
  /** Bit `family` of a peer that is 0.0.0.0/0 or ::/0, else 0. */
  openFamily(peer: number): number;
}

/** Addresses behind some routes of a subnet; `key` is the same for the same addresses. */
export interface Diverted {
  readonly key: string;
  readonly prefixes: readonly Prefix[];
}

/**
 * Interfaces whose flows are tracked whatever their rules (EC2 "Automatically tracked connections"): the `InterfaceType`
 * values that stand for NAT gateways, load balancers, endpoints and Lambda.
 */
export const AUTOMATICALLY_TRACKED = new Set([
  "natGateway",
  "nat_gateway",
  "network_load_balancer",
  "gateway_load_balancer",
  "gateway_load_balancer_endpoint",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
]);

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
  let tracking: readonly NetworkInterface[] | null = null;
  const unknown = add("unknown", [], PEER_UNRESOLVED);
  return {
    blocks,
    states,
    unknown,
    idOf(peer, diverted = NOTHING) {
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
      // A reference to a group or peering that is gone matches nothing; a group nobody gave us may match anything.
      if (peer.peeringStatus !== null && peer.peeringStatus !== "active") return add("gone", [], PEER_EXACT);
      const interfaces = members.get(peer.id);
      if (interfaces === undefined && !snapshot.securityGroups.has(peer.id)) {
        return peer.userId === null ? add("gone", [], PEER_EXACT) : add(`sg|${peer.id}`, [], PEER_UNRESOLVED);
      }
      const key = `sg|${peer.id}|${diverted.key}`;
      const known = ids.get(key);
      if (known !== undefined) return known;
      const behindBalancer = interfaces?.some((one) => one.type === "network_load_balancer") ?? false;
      const state = behindBalancer ? PEER_NLB : PEER_EXACT;
      const own = (interfaces ?? []).flatMap(addressBlocks);
      if (own.some((one) => meetsAny(one, diverted.prefixes))) {
        return add(
          key,
          own.flatMap((one) => subtractPrefixes(one, diverted.prefixes)),
          state,
        );
      }
      const whole = add(`sg|${peer.id}|`, own, state);
      ids.set(key, whole);
      return whole;
    },
    idOfTracked(routes) {
      tracking ??= [...snapshot.interfaces.values()].filter(({ type }) => AUTOMATICALLY_TRACKED.has(type));
      return add(`tracked|${routes.key}`, [...routes.prefixes, ...tracking.flatMap(addressBlocks)], PEER_EXACT);
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

const NOTHING: Diverted = { key: "", prefixes: [] };

/** Does the block share an address with any of the others? */
function meetsAny(block: Prefix, others: readonly Prefix[]): boolean {
  return others.some(
    (other) =>
      other.family === block.family && (prefixContains(other, block.words) || prefixContains(block, other.words)),
  );
}

/** All private addresses of an interface: what a reference to its group matches. */
export function addressBlocks(networkInterface: NetworkInterface): Prefix[] {
  return [...networkInterface.addresses.map(hostPrefix), ...networkInterface.prefixes];
}
