import type { FlowBatch } from "../../decode/flow-batch.ts";
import type { FilterMatch } from "../../policy/filters.ts";

/** Relative to the interface; 0 where the record does not tell. */
export const INGRESS = 1;
export const EGRESS = 2;

/** A layer that was not asked. */
export const NOT_ASKED = -1;

/**
 * What the policy alone says of a record: every layer's answer, for either initiator, without any memory of connections.
 * Two records that no rule tells apart have one lookup, so lookups are few and are interned.
 */
export interface PolicyLookup {
  /** Snapshot that was asked; -1 where none knows the interface. */
  readonly snapshot: number;
  readonly interfaceKnown: "in_force" | "other_snapshot" | "unknown";
  readonly direction: number;
  /** `no_address`: the record has none; `address_not_on_eni`: neither side is an address of the interface. */
  readonly local: "known" | "no_address" | "address_not_on_eni";
  /** No layer filters this traffic (Amazon DNS, metadata, ...). */
  readonly unfiltered: boolean;
  /** The packet does not cross the subnet's boundary: no network ACL is met. */
  readonly sameSubnet: boolean;
  readonly aclUnknown: boolean;
  /** Answers by place in the table of matches; NOT_ASKED where the layer does not apply in this direction. */
  readonly naclIn: number;
  readonly naclOut: number;
  /** Security groups: the answer if the interface opened the connection, and if the peer did. */
  readonly sgIfLocal: number;
  readonly sgIfRemote: number;
  /** Readings of the other snapshots in force during the record (it straddles a change). */
  readonly others: readonly number[];
}

/** Readings and matches by number. Grows only; numbers stay. */
export interface LookupTable {
  readonly lookups: PolicyLookup[];
  readonly matches: FilterMatch[];
  internLookup(lookup: PolicyLookup): number;
  internMatch(match: FilterMatch): number;
}

export function createLookupTable(): LookupTable {
  const lookups: PolicyLookup[] = [];
  const matches: FilterMatch[] = [];
  const readingIds = new Map<string, number>();
  const matchIds = new Map<string, number>();
  const intern = <T>(value: T, ids: Map<string, number>, list: T[]): number => {
    const key = JSON.stringify(value);
    const known = ids.get(key);
    if (known !== undefined) return known;
    list.push(value);
    ids.set(key, list.length - 1);
    return list.length - 1;
  };
  return {
    lookups,
    matches,
    internLookup: (lookup) => intern(lookup, readingIds, lookups),
    internMatch: (match) => intern(match, matchIds, matches),
  };
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

/** A batch with the lookup of each row. */
export interface LookedUpBatch {
  readonly batch: FlowBatch;
  readonly lookups: Uint32Array;
}
