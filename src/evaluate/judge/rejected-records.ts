import type { FlowBatch } from "../../decode/flow-batch.ts";
import type { AddressPool } from "../conntrack/address-pool.ts";
import type { ConnectionTable } from "../conntrack/connections.ts";
import {
  createKeys,
  KEY_ENTRY,
  KEY_WORDS,
  LAST,
  openedAt,
  PLACE,
  STATE,
  STRIDE,
  WANTED,
  writeKey,
} from "../conntrack/layout.ts";
import { LOOK_UP } from "../conntrack/observe.ts";
import type { SegmentDeltas } from "../conntrack/segment-deltas.ts";
import { DELIVERY, type IdleTimeouts, rememberedSeconds } from "../conntrack/timeouts.ts";

export interface ObservedBatch {
  readonly batch: FlowBatch;
  readonly lookups: Uint32Array;
  readonly entries: Int32Array;
}

/** A record that was not accepted, and of no connection that is known. */
const NO_CONNECTION = -3;
const FIRST_REJECTED = -4;

/** The place of a connection's entry in a row's column, for a record that was not accepted. */
const encoded = (entry: number, late: boolean): number => FIRST_REJECTED - entry * 2 - (late ? 1 : 0);
export const isOfConnection = (place: number): boolean => place <= FIRST_REJECTED;
export const connectionOf = (place: number): number => (FIRST_REJECTED - place) >> 1;
/** The record begins when everything accepted of the connection that began before it has ended. */
export const beginsLate = (place: number): boolean => ((FIRST_REJECTED - place) & 1) === 1;

/**
 * Second pass: finds the connection of every record that was not accepted, by time and not by arrival, so that it makes no
 * difference how much else was already known. The connection is the youngest of the record's key that began before it and
 * is still remembered, else one that begins within a minute (times are off by up to that).
 */
export function attachRejected(
  observed: readonly ObservedBatch[],
  directions: Uint8Array,
  connections: ConnectionTable,
  pool: AddressPool,
  timeouts: IdleTimeouts,
  touched: SegmentDeltas,
): void {
  const { words } = connections;
  const found: RejectedRow[] = [];
  const times: Times = new Map();
  for (const of of observed) findRejected(of, directions, connections, pool, touched, found, times);
  if (times.size > 0) for (const of of observed) readTimes(of, words, times);
  for (const entry of times.keys()) words[entry * STRIDE + STATE] &= ~WANTED;
  for (const { of, row, entry } of found) {
    of.entries[row] = placeOf(of.batch.start[row], entry, connections, times, timeouts);
  }
}

/** A record that was not accepted, and the youngest connection of its key. */
interface RejectedRow {
  readonly of: ObservedBatch;
  readonly row: number;
  readonly entry: number;
}

function findRejected(
  of: ObservedBatch,
  directions: Uint8Array,
  connections: ConnectionTable,
  pool: AddressPool,
  touched: SegmentDeltas,
  found: RejectedRow[],
  times: Times,
): void {
  const { words } = connections;
  const { batch, lookups, entries } = of;
  const rows: number[] = [];
  for (let row = 0; row < batch.rows; row++) if (entries[row] === LOOK_UP) rows.push(row);
  const keys = createKeys(rows.length);
  rows.forEach((row, at) => writeKey(batch, row, directions[lookups[row]], pool, keys, at * KEY_WORDS));
  connections.findAll(keys, rows.length);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    const entry = keys[at * KEY_WORDS + KEY_ENTRY] | 0;
    entries[row] = NO_CONNECTION;
    if (entry < 0) continue;
    found.push({ of, row, entry });
    for (let one = entry; one >= 0; one = connections.older(one)) {
      const base = one * STRIDE;
      // Before or after everything else no record of the connection needs to be looked at.
      if (batch.start[row] >= words[base + LAST] || batch.start[row] < openedAt(words, base)) continue;
      const place = words[base + PLACE];
      if (place === 0 || times.has(one)) continue;
      times.set(one, { prior: touched.priors[place - 1], spans: [] });
      words[base + STATE] |= WANTED;
    }
  }
}

/** Of connections: latest end before the segment, start and end of the accepted records in it. */
type Times = Map<number, { readonly prior: number; readonly spans: number[] }>;

function readTimes({ batch, entries }: ObservedBatch, words: Uint32Array, times: Times): void {
  for (let row = 0; row < batch.rows; row++) {
    const entry = entries[row];
    if (entry >= 0 && (words[entry * STRIDE + STATE] & WANTED) !== 0) {
      times.get(entry)!.spans.push(batch.start[row], batch.end[row]);
    }
  }
}

function placeOf(
  start: number,
  youngest: number,
  connections: ConnectionTable,
  times: Times,
  timeouts: IdleTimeouts,
): number {
  const { words } = connections;
  let next = NO_CONNECTION;
  for (let entry = youngest; entry >= 0; entry = connections.older(entry)) {
    const base = entry * STRIDE;
    if (openedAt(words, base) <= start) {
      const last = lastBefore(start, words[base + LAST], times.get(entry));
      return start <= last + rememberedSeconds(words, base, timeouts) ? encoded(entry, start >= last) : next;
    }
    if (openedAt(words, base) <= start + DELIVERY) next = encoded(entry, false);
  }
  return next;
}

/** Latest end of what was accepted and began no later than `start`. What an earlier segment saw counts as before. */
function lastBefore(
  start: number,
  last: number,
  known: { prior: number; spans: readonly number[] } | undefined,
): number {
  if (known === undefined) return last;
  let latest = known.prior;
  for (let at = 0; at < known.spans.length; at += 2) {
    if (known.spans[at] <= start && known.spans[at + 1] > latest) latest = known.spans[at + 1];
  }
  return latest;
}
