import type { Match } from "../../policy/filters.ts";
import { inSteps } from "../chunks.ts";
import { NOT_ASKED, type Reading, type ReadingTable } from "../lookup/policy-lookup.ts";
import type { AddressPool } from "./address-pool.ts";
import type { ConnectionTable } from "./connections.ts";
import { OPENED_BY, STRIDE } from "./layout.ts";
import { packEntries, unpackEntries } from "./packed-entries.ts";

/** A reading with its matches, self-contained: rules by id, so that it can be read back under another compiled policy. */
export interface StoredReading {
  readonly reading: Reading;
  readonly ifLocal: StoredMatch | null;
  readonly ifRemote: StoredMatch | null;
}

type StoredMatch = Omit<Match, "rules" | "possible"> & {
  readonly rules: readonly string[];
  readonly possible: readonly string[];
};

/** The evaluator's memory of open connections, as plain data. */
export interface TrackerState {
  /** See packed-entries.ts; OPENED_BY is a place in `readings`, plus one. They are packed as they are taken: once, and at once. */
  readonly entries: Iterable<Uint8Array>;
  /** IPv6 addresses, four words each. */
  readonly addresses: Uint32Array;
  readonly readings: readonly StoredReading[];
  readonly now: number;
}

export function exportState(
  connections: ConnectionTable,
  addresses: AddressPool,
  table: ReadingTable,
  ruleIds: readonly string[],
  now: number,
): TrackerState {
  const { words, size } = connections;
  // Only readings in use are kept: `places` says where, by OPENED_BY.
  const places = new Uint32Array(table.readings.length + 1);
  inSteps(size, (from, to) => markOpeners(words, from, to, places));
  const readings: StoredReading[] = [];
  for (let openedBy = 1; openedBy < places.length; openedBy++) {
    if (places[openedBy] === 1) places[openedBy] = readings.push(toStored(table, openedBy - 1, ruleIds));
  }
  places[0] = 0;
  return {
    entries: packEntries(words, size, places),
    addresses: addresses.words.slice(0, addresses.size * 4),
    readings,
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
  table: ReadingTable,
  ruleIndex: ReadonlyMap<string, number>,
): void {
  for (let at = 0; at < state.addresses.length; at += 4) addresses.idOf(state.addresses, at);
  const numbers = state.readings.map((stored) => fromStored(table, stored, ruleIndex));
  unpackEntries(state.entries, (entry) => {
    const at = connections.add(entry, 0);
    if (entry[OPENED_BY] > 0) entry[OPENED_BY] = numbers[entry[OPENED_BY] - 1] + 1;
    connections.words.set(entry, at * STRIDE);
  });
}

function toStored(table: ReadingTable, number: number, ruleIds: readonly string[]): StoredReading {
  const { others, ...reading } = table.readings[number];
  const pick = (side: "sgIfLocal" | "sgIfRemote"): StoredMatch | null => {
    const own = table.readings[number][side];
    if (own === NOT_ASKED) return null;
    // Of a record that straddled a change, the configuration that let the connection in is the one that matters.
    const places = [own, ...others.map((other) => table.readings[other][side])];
    const place = places.find((one) => one !== NOT_ASKED && table.matches[one].answer === "allow") ?? own;
    const match = table.matches[place];
    return {
      ...match,
      rules: match.rules.map((rule) => ruleIds[rule]),
      possible: match.possible.map((rule) => ruleIds[rule]),
    };
  };
  return { reading: { ...reading, others: [] }, ifLocal: pick("sgIfLocal"), ifRemote: pick("sgIfRemote") };
}

function fromStored(table: ReadingTable, stored: StoredReading, ruleIndex: ReadonlyMap<string, number>): number {
  const places = (ids: readonly string[]): number[] => ids.flatMap((id) => ruleIndex.get(id) ?? []);
  const intern = (match: StoredMatch | null): number =>
    match === null
      ? NOT_ASKED
      : table.internMatch({ ...match, rules: places(match.rules), possible: places(match.possible) });
  return table.internReading({
    ...stored.reading,
    naclIn: NOT_ASKED,
    naclOut: NOT_ASKED,
    sgIfLocal: intern(stored.ifLocal),
    sgIfRemote: intern(stored.ifRemote),
  });
}
