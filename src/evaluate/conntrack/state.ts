import type { FilterMatch } from "../../policy/filters.ts";
import { forEachChunk } from "../chunks.ts";
import { NOT_ASKED, type PolicyLookup, type LookupTable } from "../lookup/policy-lookup.ts";
import type { AddressPool } from "./address-pool.ts";
import type { ConnectionTable } from "./connections.ts";
import { OPENED_BY, STRIDE } from "./layout.ts";
import { packEntries, unpackEntries } from "./packed-entries.ts";

/**
 * A lookup with its matches, self-contained: rules by id, so that it can be read back under another compiled policy.
 * Evidence files keep it as JSON under these names.
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
  /** See packed-entries.ts; OPENED_BY is a place in `lookups`, plus one. They are packed as they are taken: once, and at once. */
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
  // Only lookups in use are kept: `places` says where, by OPENED_BY.
  const places = new Uint32Array(table.lookups.length + 1);
  forEachChunk(size, (from, to) => markOpeners(words, from, to, places));
  const lookups: StoredLookup[] = [];
  for (let openedBy = 1; openedBy < places.length; openedBy++) {
    if (places[openedBy] === 1) places[openedBy] = lookups.push(toStored(table, openedBy - 1, ruleIds));
  }
  places[0] = 0;
  return {
    entries: packEntries(words, size, places),
    addresses: addresses.words.slice(0, addresses.size * 4),
    lookups,
    now,
  };
}

function markOpeners(words: Uint32Array, from: number, to: number, places: Uint32Array): void {
  for (let base = from * STRIDE; base < to * STRIDE; base += STRIDE) places[words[base + OPENED_BY]] = 1;
}

/** Fills an empty table and pool. `ruleIndex` knows every rule id of `ruleIds`; a rule it lacks is dropped from its match. */
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
    const own = table.lookups[number][side];
    if (own === NOT_ASKED) return null;
    // Of a record that straddled a change, the configuration that let the connection in is the one that matters.
    const places = [own, ...others.map((other) => table.lookups[other][side])];
    const place = places.find((one) => one !== NOT_ASKED && table.matches[one].answer === "allow") ?? own;
    const match = table.matches[place];
    return {
      ...match,
      rules: match.rules.map((rule) => ruleIds[rule]),
      possible: match.possible.map((rule) => ruleIds[rule]),
    };
  };
  return { reading: { ...lookup, others: [] }, ifLocal: pick("sgIfLocal"), ifRemote: pick("sgIfRemote") };
}

function fromStored(table: LookupTable, stored: StoredLookup, ruleIndex: ReadonlyMap<string, number>): number {
  const places = (ids: readonly string[]): number[] => ids.flatMap((id) => ruleIndex.get(id) ?? []);
  const intern = (match: StoredMatch | null): number =>
    match === null
      ? NOT_ASKED
      : table.internMatch({ ...match, rules: places(match.rules), possible: places(match.possible) });
  return table.internLookup({
    ...stored.reading,
    naclIn: NOT_ASKED,
    naclOut: NOT_ASKED,
    sgIfLocal: intern(stored.ifLocal),
    sgIfRemote: intern(stored.ifRemote),
  });
}
