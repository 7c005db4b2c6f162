import type { FlowBatch } from "../../decode/flow-batch.ts";
import type { TransitRoute } from "../../model/routes.ts";
import { IPV4, type Prefix, prefixContains } from "../../net/address.ts";
import { type BlockLists, listHolds } from "../../net/block-lists.ts";
import type { CompiledSnapshot } from "../../policy/compile.ts";
import { ACL_UNKNOWN, NOT_IN_SNAPSHOT } from "../../policy/interfaces.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { classOf4 } from "../../policy/peer-classes.ts";
import { DirectMap } from "../dense/word-memo.ts";
import { EGRESS, INGRESS, type LookupTable } from "./policy-lookup.ts";

/** A snapshot, with caches for its lookups. */
export interface SnapshotLookup {
  readonly snapshot: CompiledSnapshot;
  readonly match: Matcher;
  /** `INTERFACE_WORDS` for each interface. */
  readonly interfaceWords: Uint32Array;
  /** Recent lookups by profile, direction, services and class of the peer. */
  readonly recent: DirectMap;
  readonly classOf: (address: number) => number;
}

/**
 * What nearly every record asks of its interface, side by side: the profile above `PROFILE_SHIFT` and the flags; primary
 * address; base and mask of the subnet. One cache line, where a hundred thousand interfaces in as many columns would be six.
 */
export const INTERFACE_WORDS = 4;
export const PRIMARY = 1;
export const SUBNET_BASE = 2;
export const SUBNET_MASK = 3;
export const PROFILE_SHIFT = 8;
/** Flag, beside those of policy/interfaces.ts: the snapshot does not know the interface. */
export const ABSENT = 128;

/** Binary logarithms: recent lookups for each profile, and the fewest and the most of all of them. */
const RECENT_BITS = 3;
const FEWEST_BITS = 14;
const MOST_BITS = 18;

export function createSnapshotLookup(snapshot: CompiledSnapshot, table: LookupTable): SnapshotLookup {
  const { profiles, count } = profilesOf(snapshot);
  const wanted = Math.ceil(Math.log2(count + 1)) + RECENT_BITS;
  return {
    snapshot,
    match: createMatcher(snapshot, table),
    interfaceWords: interfaceWordsOf(snapshot, profiles),
    recent: new DirectMap(Math.min(MOST_BITS, Math.max(FEWEST_BITS, wanted))),
    classOf: cachedClassOf(snapshot),
  };
}

function interfaceWordsOf({ interfaces }: CompiledSnapshot, profiles: Uint32Array): Uint32Array {
  const { sgIngress, primary, subnetBase, subnetMask, flags } = interfaces;
  const words = new Uint32Array(profiles.length * INTERFACE_WORDS);
  for (let eni = 0; eni < profiles.length; eni++) {
    const base = eni * INTERFACE_WORDS;
    const absent = sgIngress[eni] === NOT_IN_SNAPSHOT ? ABSENT : 0;
    words[base] = (profiles[eni] << PROFILE_SHIFT) | flags[eni] | absent;
    words[base + PRIMARY] = primary[eni];
    words[base + SUBNET_BASE] = subnetBase[eni];
    words[base + SUBNET_MASK] = subnetMask[eni];
  }
  return words;
}

/** Interfaces with the same filters have the same profile, so that their records share lookups. */
function profilesOf({ interfaces }: CompiledSnapshot): { profiles: Uint32Array; count: number } {
  const profiles = new Uint32Array(interfaces.sgIngress.length);
  const numbers = new Map<string, number>();
  const { sgIngress, sgEgress, naclIngress, naclEgress, unfiltered, flags } = interfaces;
  for (let eni = 0; eni < profiles.length; eni++) {
    const filters = `${sgIngress[eni]},${sgEgress[eni]},${naclIngress[eni]},${naclEgress[eni]},${unfiltered[eni]}`;
    const key = `${filters},${flags[eni] & ACL_UNKNOWN}`;
    const known = numbers.get(key);
    if (known === undefined) numbers.set(key, numbers.size);
    profiles[eni] = known ?? numbers.size - 1;
  }
  return { profiles, count: numbers.size };
}

const CLASS_BITS = 16;

/** `classOf4` with a direct-mapped cache of recent addresses: an address and its class + 1 side by side, 0 for none. */
function cachedClassOf({ peers }: CompiledSnapshot): (address: number) => number {
  const recent = new Uint32Array(2 << CLASS_BITS);
  return (address) => {
    const at = (Math.imul(address, 0x9e3779b1) >>> (32 - CLASS_BITS)) << 1;
    const known = recent[at + 1];
    if (recent[at] === address && known !== 0) return known - 1;
    const found = classOf4(peers, address);
    recent[at] = address;
    recent[at + 1] = found + 1;
    return found;
  };
}

// Questions about an address of a row, for interfaces that the words above do not describe in full. `address` is the value
// of a batch column: an IPv4 address, or the index of four words in `addr6`.

const FOUR = new Uint32Array(1);

function holds(block: Prefix, batch: FlowBatch, family: number, address: number): boolean {
  if (block.family !== family) return false;
  FOUR[0] = address;
  return family === IPV4 ? prefixContains(block, FOUR, 0) : prefixContains(block, batch.addr6, address);
}

/** Whether a block of the list holds the address. */
export function contains(lists: BlockLists, list: number, batch: FlowBatch, family: number, address: number): boolean {
  FOUR[0] = address;
  return family === IPV4 ? listHolds(lists, list, IPV4, FOUR, 0) : listHolds(lists, list, family, batch.addr6, address);
}

/** Whether the longest route that holds the address leads to a transit gateway. */
export function isRoutedToTransit(
  routes: readonly TransitRoute[],
  batch: FlowBatch,
  family: number,
  address: number,
): boolean {
  for (const { prefix, transit } of routes) if (holds(prefix, batch, family, address)) return transit;
  return false;
}

/** The direction of a row by the addresses of the interface; 0 if both sides are such addresses, or neither. */
export function directionByBlocks(
  batch: FlowBatch,
  row: number,
  family: number,
  blocks: BlockLists,
  eni: number,
): number {
  const sourceIsOwn = contains(blocks, eni, batch, family, batch.src[row]);
  const destinationIsOwn = contains(blocks, eni, batch, family, batch.dst[row]);
  if (sourceIsOwn === destinationIsOwn) return 0;
  return sourceIsOwn ? EGRESS : INGRESS;
}
