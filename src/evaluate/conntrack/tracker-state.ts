import type { FilterMatch } from "../../policy/filters.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { forEachChunk } from "../dense/loops.ts";
import { packEntries, unpackEntries } from "../dense/packed-entries.ts";
import { type LookupTable, NOT_ASKED, type PolicyLookup } from "../lookup/policy-lookup.ts";
import { OPENED_BY, STRIDE } from "./entry-layout.ts";

/**
 * A lookup with its matches, self-contained: rules by id, so that another compiled policy can read it back. Evidence files
 * keep it as JSON with these keys.
 */
export interface StoredLookup {
  readonly reading: PolicyLookup;
  readonly ifLocal: StoredMatch | null;
  readonly ifRemote: StoredMatch | null;
}

type StoredMatch = Omit<FilterMatch, "rules" | "possible"> & {
  readonly rules: readonly string[];
  readonly possible: readonly string[];
};

/** The evaluator's memory of open connections, as plain data. */
export interface TrackerState {
  /** Packed entries (dense/packed-entries.ts); their OPENED_BY is an index into `lookups`, plus one. Iterate once, at once. */
  readonly entries: Iterable<Uint8Array>;
  /** IPv6 addresses, four words each. */
  readonly addresses: Uint32Array;
  readonly lookups: readonly StoredLookup[];
  readonly now: number;
}

export function exportState(
  connections: ConnectionTable,
  addresses: AddressPool,
  table: LookupTable,
  ruleIds: readonly string[],
  now: number,
): TrackerState {
  const { words, size } = connections;
  // Only lookups in use are stored. By OPENED_BY: first whether it is in use, then its OPENED_BY as stored.
  const storedAs = new Uint32Array(table.lookups.length + 1);
  forEachChunk(size, (from, to) => markOpeners(words, from, to, storedAs));
  const lookups: StoredLookup[] = [];
  for (let openedBy = 1; openedBy < storedAs.length; openedBy++) {
    if (storedAs[openedBy] === 1) storedAs[openedBy] = lookups.push(toStored(table, openedBy - 1, ruleIds));
  }
  storedAs[0] = 0;
  return {
    entries: packEntries(words, size, storedAs),
    addresses: addresses.words.slice(0, addresses.size * 4),
    lookups,
    now,
  };
}

function markOpeners(words: Uint32Array, from: number, to: number, marks: Uint32Array): void {
  for (let base = from * STRIDE; base < to * STRIDE; base += STRIDE) marks[words[base + OPENED_BY]] = 1;
}

/** Fills an empty table and pool. `ruleIndex` knows every current rule id; other rules are dropped from their match. */
export function importState(
  state: TrackerState,
  connections: ConnectionTable,
  addresses: AddressPool,
  table: LookupTable,
  ruleIndex: ReadonlyMap<string, number>,
): void {
  for (let at = 0; at < state.addresses.length; at += 4) addresses.idOf(state.addresses, at);
  const numbers = state.lookups.map((stored) => fromStored(table, stored, ruleIndex));
  unpackEntries(state.entries, (entry) => {
    const at = connections.add(entry, 0);
    if (entry[OPENED_BY] > 0) entry[OPENED_BY] = numbers[entry[OPENED_BY] - 1] + 1;
    connections.words.set(entry, at * STRIDE);
  });
}

function toStored(table: LookupTable, number: number, ruleIds: readonly string[]): StoredLookup {
  const { others, ...lookup } = table.lookups[number];
  const pick = (side: "sgIfLocal" | "sgIfRemote"): StoredMatch | null => {
    const own = lookup[side];
    if (own === NOT_ASKED) return null;
    // If the record straddled a change, the configuration that let the connection in is the one that matters.
    const asked = [own, ...others.map((other) => table.lookups[other][side])];
    const match = table.matches[asked.find((one) => one !== NOT_ASKED && table.matches[one].answer === "allow") ?? own];
    return {
      ...match,
      rules: match.rules.map((rule) => ruleIds[rule]),
      possible: match.possible.map((rule) => ruleIds[rule]),
    };
  };
  return { reading: { ...lookup, others: [] }, ifLocal: pick("sgIfLocal"), ifRemote: pick("sgIfRemote") };
}

function fromStored(table: LookupTable, stored: StoredLookup, ruleIndex: ReadonlyMap<string, number>): number {
  const indices = (ids: readonly string[]): number[] => ids.flatMap((id) => ruleIndex.get(id) ?? []);
  const knownOf = ({ possible, because }: StoredMatch): Pick<FilterMatch, "possible" | "because"> => ({
    possible: indices(possible),
    because: because.filter((_, at) => ruleIndex.has(possible[at])),
  });
  const intern = (match: StoredMatch | null): number =>
    match === null ? NOT_ASKED : table.internMatch({ ...match, rules: indices(match.rules), ...knownOf(match) });
  return table.internLookup({
    ...stored.reading,
    naclIn: NOT_ASKED,
    naclOut: NOT_ASKED,
    sgIfLocal: intern(stored.ifLocal),
    sgIfRemote: intern(stored.ifRemote),
  });
}
