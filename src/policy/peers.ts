import type { Peer, Snapshot } from "../model/model.ts";
import { addressBlocks, PEER_EXACT, PEER_UNRESOLVED, type PeerAddresses, resolverOf } from "../model/resolve.ts";
import { AUTOMATICALLY_TRACKED } from "../model/routes.ts";
import { holdsAddress, type Prefix } from "../net/address.ts";
import { subtractPrefixes } from "../net/prefixes.ts";
import { membersMayBeIn, rangesOf, reservedPrefixes } from "./unknown-members.ts";

/** How each peer stands to addresses outside its blocks, by number. */
export interface PeerDoubts {
  /** `PEER_EXACT`, `PEER_UNRESOLVED` or `PEER_NLB`. */
  readonly states: ArrayLike<number>;
  /** Where a referenced group may have members that the model does not know; nothing for most peers. */
  readonly unknownMembers: readonly (readonly UnknownMembers[] | undefined)[];
}

/** Addresses of a VPC that no interface in force has: numbers of the peers that stand for their blocks. */
export interface UnknownMembers {
  readonly within: number;
  /** Addresses in it that are taken, by interfaces or by AWS. */
  readonly held: number;
  /** Addresses that the interface reaches through an appliance, where no reference matches; -1 for none. */
  readonly diverted: number;
}

/** The distinct peers of a snapshot's rules by number. */
export interface Peers extends PeerDoubts {
  readonly blocks: (readonly Prefix[])[];
  /** A peer that may be any address. */
  readonly unknown: number;
  /** `diverted`: addresses that the interface reaches through an appliance, where references to groups do not match. */
  idOf(peer: Peer, diverted?: RoutedAddresses): number;
  /** Addresses with which flows are tracked whatever the rules: those of the routes, and of interfaces that track. */
  idOfTracked(routes: RoutedAddresses): number;
  /** The addresses in a VPC that no layer filters. */
  idOfVpc(vpcId: string | null): number;
  /** Bit `family` of a peer that is 0.0.0.0/0 or ::/0, else 0. */
  openFamily(peer: number): number;
}

/** Addresses behind some routes of a subnet; `key` is the same for the same addresses. */
export interface RoutedAddresses {
  readonly key: string;
  readonly prefixes: readonly Prefix[];
}

/** Starts with the peer that may be any address; the others are added as rules name them. */
export function collectPeers(snapshot: Snapshot): Peers {
  const resolver = resolverOf(snapshot);
  const ids = new Map<string | PeerAddresses, number>();
  const blocks: (readonly Prefix[])[] = [];
  const states: number[] = [];
  const idFor = (key: string | PeerAddresses, make: () => PeerAddresses): number => {
    let id = ids.get(key);
    if (id === undefined) {
      const made = make();
      id = blocks.push(made.blocks) - 1;
      states.push(made.state);
      ids.set(key, id);
    }
    return id;
  };
  const exactly = (prefixes: readonly Prefix[]): PeerAddresses => ({ blocks: prefixes, state: PEER_EXACT });
  const unknown = idFor("unknown", () => ({ blocks: [], state: PEER_UNRESOLVED }));
  const unknownMembers: (readonly UnknownMembers[])[] = [];
  const unknownIn = (vpcId: string, diverted: RoutedAddresses | undefined): UnknownMembers => ({
    within: idFor(`vpc|${vpcId}`, () => exactly(rangesOf(snapshot, vpcId))),
    held: idFor(`held|${vpcId}`, () => {
      const here = [...snapshot.interfaces.values()].filter((one) => one.vpcId === null || one.vpcId === vpcId);
      return exactly([...reservedPrefixes(snapshot, vpcId), ...here.flatMap(addressBlocks)]);
    }),
    diverted: diverted?.key ? idFor(`diverted|${diverted.key}`, () => exactly(diverted.prefixes)) : -1,
  });
  return {
    blocks,
    states,
    unknownMembers,
    unknown,
    idOf(peer, diverted) {
      if (peer.kind === "cidr") {
        const { family, words, length } = peer.prefix;
        return idFor(`cidr|${family}|${words.join(".")}/${length}`, () => exactly([peer.prefix]));
      }
      const whole = resolver.addressesOf(peer);
      if (peer.kind === "prefix-list") return idFor(whole, () => whole);
      const vpcs = membersMayBeIn(snapshot, peer);
      if (vpcs.length === 0 && (!diverted?.key || whole.blocks.length === 0)) return idFor(whole, () => whole);
      if (!diverted?.key) {
        const id = idFor(whole, () => whole);
        unknownMembers[id] ??= vpcs.map((vpc) => unknownIn(vpc, diverted));
        return id;
      }
      const key = `sg|${peer.id}|${peer.peeringStatus}|${peer.userId === null}|${diverted.key}`;
      const known = ids.get(key);
      if (known !== undefined) return known;
      const meets = whole.blocks.some((block) => meetsAny(block, diverted.prefixes));
      if (!meets && vpcs.length === 0) {
        const id = idFor(whole, () => whole);
        ids.set(key, id);
        return id;
      }
      const direct = whole.blocks.flatMap((block) => subtractPrefixes(block, diverted.prefixes));
      const id = idFor(key, () => ({ blocks: direct, state: whole.state }));
      unknownMembers[id] = vpcs.map((vpc) => unknownIn(vpc, diverted));
      return id;
    },
    idOfTracked({ key, prefixes }) {
      return idFor(`tracked|${key}`, () => {
        const tracking = [...snapshot.interfaces.values()].filter(({ type }) => AUTOMATICALLY_TRACKED.has(type));
        return exactly([...prefixes, ...tracking.flatMap(addressBlocks)]);
      });
    },
    idOfVpc: (vpcId) => idFor(`unfiltered|${vpcId}`, () => exactly(resolver.unfilteredIn(vpcId))),
    openFamily(peer) {
      const [block, ...others] = blocks[peer];
      return block !== undefined && others.length === 0 && block.length === 0 ? 1 << block.family : 0;
    },
  };
}

/** Does the block share an address with any of the others? */
function meetsAny(block: Prefix, others: readonly Prefix[]): boolean {
  return others.some((other) => holdsAddress(other, block) || holdsAddress(block, other));
}
