import type { FlowBatch } from "../../decode/flow-batch.ts";
import type { FilterMatch } from "../../policy/filters.ts";
import { WordMemo } from "../dense/word-memo.ts";

/** Directions, relative to the interface; 0 if the record does not tell. */
export const INGRESS = 1;
export const EGRESS = 2;

/** In place of a match: the layer was not asked. */
export const NOT_ASKED = -1;

/**
 * What the policy alone says of a record: every layer's answer, for either initiator, without any memory of connections.
 * Records that no rule tells apart have the same lookup, so lookups are few and have numbers.
 */
export interface PolicyLookup {
  /** Snapshot that was asked; -1 if none knows the interface. */
  readonly snapshot: number;
  /** `placed`: no snapshot knows it; it is judged by the place where its address is (policy/places.ts). */
  readonly interfaceKnown: "in_force" | "other_snapshot" | "placed" | "unknown";
  readonly direction: number;
  /** `no_address`: the record has none; `address_not_on_eni`: neither side is an address of the interface. */
  readonly local: "known" | "no_address" | "address_not_on_eni";
  /** No layer filters this traffic (Amazon DNS, metadata, ...). */
  readonly unfiltered: boolean;
  /** The packet does not cross the subnet's boundary and meets no network ACL. */
  readonly sameSubnet: boolean;
  readonly aclUnknown: boolean;
  /** Numbers of matches; NOT_ASKED if the layer does not apply in this direction. */
  readonly naclIn: number;
  readonly naclOut: number;
  /** Security groups: the answer if the interface opened the connection, and if the peer did. */
  readonly sgIfLocal: number;
  readonly sgIfRemote: number;
  /**
   * Lookups in the other snapshots in force during the record (it straddles a change). For a placed interface without
   * direction: the lookups of which one is the record's.
   */
  readonly others: readonly number[];
}

export const UNMODELLED: PolicyLookup = {
  snapshot: -1,
  interfaceKnown: "unknown",
  direction: 0,
  local: "no_address",
  unfiltered: false,
  sameSubnet: false,
  aclUnknown: false,
  naclIn: NOT_ASKED,
  naclOut: NOT_ASKED,
  sgIfLocal: NOT_ASKED,
  sgIfRemote: NOT_ASKED,
  others: [],
};

/** A batch with the number of each row's lookup. */
export interface LookedUpBatch {
  readonly batch: FlowBatch;
  readonly lookups: Uint32Array;
}

/** Lookups and matches by number. It only grows; numbers stay. */
export interface LookupTable {
  readonly lookups: PolicyLookup[];
  readonly matches: FilterMatch[];
  internLookup(lookup: PolicyLookup): number;
  internMatch(match: FilterMatch): number;
}

export function createLookupTable(): LookupTable {
  const lookups: PolicyLookup[] = [];
  const matches: FilterMatch[] = [];
  const intern = <T>(list: T[]): ((value: T) => number) => {
    const ids = new Map<string, number>();
    return (value) => {
      const key = JSON.stringify(value);
      const known = ids.get(key);
      if (known !== undefined) return known;
      ids.set(key, list.push(value) - 1);
      return list.length - 1;
    };
  };
  return { lookups, matches, internLookup: intern(lookups), internMatch: intern(matches) };
}

// Properties of a lookup, as bits.
export const UNFILTERED = 1;
export const SAME_SUBNET = 2;
export const NO_ACL = 4;
export const OTHER_SNAPSHOT = 8;
export const ADDRESS_MISSING = 16;
export const ADDRESS_ELSEWHERE = 32;
export const PLACED = 64;
const FLAG_BITS = 7;

/** The number of the lookup with these parts; `flags` are the bits above, the last four parts are numbers of matches. */
export type InternParts = (
  snapshot: number,
  flags: number,
  direction: number,
  naclIn: number,
  naclOut: number,
  sgIfLocal: number,
  sgIfRemote: number,
) => number;

/** `table.internLookup`, which builds an object only for parts that are new. */
export function createInternParts(table: LookupTable): InternParts {
  const memo = new WordMemo(6);
  const { key } = memo;
  return (snapshot, flags, direction, naclIn, naclOut, sgIfLocal, sgIfRemote) => {
    key[0] = (snapshot << FLAG_BITS) | flags;
    key[1] = direction;
    key[2] = naclIn;
    key[3] = naclOut;
    key[4] = sgIfLocal;
    key[5] = sgIfRemote;
    const known = memo.find();
    if (known >= 0) return known;
    const added = table.internLookup({
      snapshot,
      interfaceKnown: flags & OTHER_SNAPSHOT ? "other_snapshot" : flags & PLACED ? "placed" : "in_force",
      direction,
      local: flags & ADDRESS_MISSING ? "no_address" : flags & ADDRESS_ELSEWHERE ? "address_not_on_eni" : "known",
      unfiltered: (flags & UNFILTERED) !== 0,
      sameSubnet: (flags & SAME_SUBNET) !== 0,
      aclUnknown: (flags & NO_ACL) !== 0,
      naclIn,
      naclOut,
      sgIfLocal,
      sgIfRemote,
      others: [],
    });
    memo.add(added);
    return added;
  };
}
