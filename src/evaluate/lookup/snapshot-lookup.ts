import type { FlowBatch } from "../../decode/flow-batch.ts";
import type { TransitRoute } from "../../model/routes.ts";
import { IPV4, type Prefix, prefixContains } from "../../net/address.ts";
import { type BlockLists, listHolds } from "../../net/block-lists.ts";
import type { CompiledSnapshot } from "../../policy/compile.ts";
import { ACL_UNKNOWN, NOT_IN_SNAPSHOT } from "../../policy/interfaces.ts";
import { createMatcher, type Matcher } from "../../policy/matcher.ts";
import { classOf4 } from "../../policy/peer-classes.ts";
import { DirectMap } from "../conntrack/address-pool.ts";
import { EGRESS, INGRESS, type LookupTable } from "./policy-lookup.ts";

/** What a reader keeps of one snapshot. */
export interface SnapshotLookup {
  readonly snapshot: CompiledSnapshot;
  readonly matcher: Matcher;
  /** What a record asks of its interface, side by side: `INTERFACE_WORDS` words each, beginning with profile and flags. */
  readonly places: Uint32Array;
  /** Readings by profile and direction, services, class of the peer. */
  readonly recent: DirectMap;
  readonly classOf: (address: number) => number;
}

/**
 * Of each interface in `places`: its profile above `PROFILE_SHIFT` and its flags; primary address; base and mask of the subnet.
 * One line of the cache, where a hundred thousand interfaces in as many columns would be six.
 */
export const INTERFACE_WORDS = 4;
export const PRIMARY = 1;
export const SUBNET_BASE = 2;
export const SUBNET_MASK = 3;
export const PROFILE_SHIFT = 8;
/** Flag, beside those of compile/interfaces.ts: the snapshot does not know the interface. */
export const ABSENT = 128;

/** Recent lookups for each profile, and binary logarithms of the fewest and the most of them all. */
const RECENT_BITS = 3;
const FEWEST_BITS = 14;
const MOST_BITS = 18;

export function createSnapshotLookup(snapshot: CompiledSnapshot, table: LookupTable): SnapshotLookup {
  const { profiles, count } = profilesOf(snapshot);
  const wanted = Math.ceil(Math.log2(count + 1)) + RECENT_BITS;
  return {
    snapshot,
    matcher: createMatcher(snapshot, table.internMatch, table.matches),
    places: placesOf(snapshot, profiles),
    recent: new DirectMap(Math.min(MOST_BITS, Math.max(FEWEST_BITS, wanted))),
    classOf: rememberClasses(snapshot),
  };
}

function placesOf({ interfaces }: CompiledSnapshot, profiles: Uint32Array): Uint32Array {
  const { sgIngress, primary, subnetBase, subnetMask, flags } = interfaces;
  const places = new Uint32Array(profiles.length * INTERFACE_WORDS);
  for (let eni = 0; eni < profiles.length; eni++) {
    const place = eni * INTERFACE_WORDS;
    const absent = sgIngress[eni] === NOT_IN_SNAPSHOT ? ABSENT : 0;
    places[place] = (profiles[eni] << PROFILE_SHIFT) | flags[eni] | absent;
    places[place + PRIMARY] = primary[eni];
    places[place + SUBNET_BASE] = subnetBase[eni];
    places[place + SUBNET_MASK] = subnetMask[eni];
  }
  return places;
}

/** Interfaces with the same filters have the same profile: their records share lookups. */
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

/** `classOf4` with a direct-mapped memory of recent addresses: an address and its class + 1 side by side, 0 for none. */
function rememberClasses({ peers }: CompiledSnapshot): (address: number) => number {
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

// Where an address of a row lies, as lookups ask it of interfaces that one word does not describe.

const FOUR = new Uint32Array(1);

/** `address` as it stands in a batch column: the word itself, or where its four words begin in `addr6`. */
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

/** The longest route that holds the address leads to a transit gateway. */
export function isRoutedToTransit(
  routes: readonly TransitRoute[],
  batch: FlowBatch,
  family: number,
  address: number,
): boolean {
  for (const { prefix, transit } of routes) if (holds(prefix, batch, family, address)) return transit;
  return false;
}

/** Which side is an address of the interface; 0 when both are, or neither. */
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
