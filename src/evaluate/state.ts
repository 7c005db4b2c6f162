import type { Match } from "../policy/compile/filters.ts";
import { OPENED_BY, STRIDE, type ConnectionTable } from "./connections.ts";
import { NOT_ASKED, type Reading, type ReadingTable } from "./reading.ts";
import type { AddressPool } from "./row-key.ts";

/** The words of an entry that outlive a run: everything but its hash and its place in a segment. */
export const STATE_WORDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, OPENED_BY, 11, 12, 13] as const;

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
  readonly rows: number;
  /** One column for each of `STATE_WORDS`; OPENED_BY is a place in `readings`, plus one. */
  readonly columns: readonly Uint32Array[];
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
  const columns = STATE_WORDS.map(() => new Uint32Array(size));
  for (let entry = 0; entry < size; entry++) {
    const base = entry * STRIDE;
    for (let column = 0; column < STATE_WORDS.length; column++)
      columns[column][entry] = words[base + STATE_WORDS[column]];
  }
  const readings: StoredReading[] = [];
  const places = new Map<number, number>();
  const openedBy = columns[STATE_WORDS.indexOf(OPENED_BY)];
  for (let entry = 0; entry < size; entry++) {
    if (openedBy[entry] === 0) continue;
    const number = openedBy[entry] - 1;
    let place = places.get(number);
    if (place === undefined) {
      place = readings.length;
      places.set(number, place);
      readings.push(toStored(table, number, ruleIds));
    }
    openedBy[entry] = place + 1;
  }
  return { rows: size, columns, addresses: addresses.words.slice(0, addresses.size * 4), readings, now };
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
  const column = (word: number): Uint32Array =>
    state.columns[STATE_WORDS.indexOf(word as (typeof STATE_WORDS)[number])];
  for (let entry = 0; entry < state.rows; entry++) {
    const at = connections.add(
      column(0)[entry],
      column(1)[entry],
      column(2)[entry],
      column(3)[entry],
      column(4)[entry],
    );
    const base = at * STRIDE;
    STATE_WORDS.forEach((word, index) => (connections.words[base + word] = state.columns[index][entry]));
    const openedBy = connections.words[base + OPENED_BY];
    if (openedBy > 0) connections.words[base + OPENED_BY] = numbers[openedBy - 1] + 1;
  }
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
