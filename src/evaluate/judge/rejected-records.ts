import type { FlowBatch } from "../../decode/flow-batch.ts";
import {
  createKeys,
  DELTA,
  KEY_ENTRY,
  KEY_WORDS,
  LAST,
  openedAt,
  STATE,
  STRIDE,
  WANTED,
  writeKey,
} from "../conntrack/entry-layout.ts";
import { NOT_ACCEPTED, type Observation } from "../conntrack/observe.ts";
import { DELIVERY, type IdleTimeouts, rememberedSeconds } from "../conntrack/timeouts.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import type { SegmentDeltas } from "../dense/segment-deltas.ts";
import type { LookedUpBatch } from "../lookup/policy-lookup.ts";

// In place of a row's entry, for records that were not accepted.
const NO_CONNECTION = -3;
const FIRST_REJECTED = -4;

const encode = (entry: number, late: boolean): number => FIRST_REJECTED - entry * 2 - (late ? 1 : 0);
export const isOfConnection = (code: number): boolean => code <= FIRST_REJECTED;
export const connectionOf = (code: number): number => (FIRST_REJECTED - code) >> 1;
/** The record begins when everything accepted of the connection that began before it has ended. */
export const beginsLate = (code: number): boolean => ((FIRST_REJECTED - code) & 1) === 1;

/**
 * Finds the connection of every record that was not accepted, once all accepted ones are in the table. It goes by time and
 * not by arrival: the connection is the youngest of the record's key that began before it and is still remembered, else
 * one that begins within a minute (times are off by up to that).
 */
export function attachRejected(
  segment: readonly LookedUpBatch[],
  directions: Uint8Array,
  entries: readonly Int32Array[],
  { connections, addresses, timeouts, deltas }: Observation,
): void {
  const { words } = connections;
  const times: AcceptedTimes = new Map();
  const rejected = segment.map((read, at) => findRejected(read, directions, entries[at], connections, addresses));
  segment.forEach(({ batch }, at) => wantTimes(batch, rejected[at], connections, deltas, times));
  if (times.size > 0) segment.forEach(({ batch }, at) => readTimes(batch, entries[at], words, times));
  for (const entry of times.keys()) words[entry * STRIDE + STATE] &= ~WANTED;
  segment.forEach(({ batch }, at) => {
    for (const { row, entry } of rejected[at]) {
      entries[at][row] = connectionAt(batch.start[row], entry, connections, times, timeouts);
    }
  });
}

/** A record that was not accepted, and the youngest connection of its key. */
interface RejectedRow {
  readonly row: number;
  readonly entry: number;
}

function findRejected(
  { batch, lookups }: LookedUpBatch,
  directions: Uint8Array,
  entries: Int32Array,
  connections: ConnectionTable,
  addresses: AddressPool,
): RejectedRow[] {
  const rows: number[] = [];
  for (let row = 0; row < batch.rows; row++) if (entries[row] === NOT_ACCEPTED) rows.push(row);
  const keys = createKeys(rows.length);
  rows.forEach((row, at) => writeKey(batch, row, directions[lookups[row]], addresses, keys, at * KEY_WORDS));
  connections.findAll(keys, rows.length);
  const found: RejectedRow[] = [];
  rows.forEach((row, at) => {
    entries[row] = NO_CONNECTION;
    const entry = keys[at * KEY_WORDS + KEY_ENTRY] | 0;
    if (entry >= 0) found.push({ row, entry });
  });
  return found;
}

/** By entry: latest end before the segment, and start and end of each accepted record in it. */
type AcceptedTimes = Map<number, { readonly priorEnd: number; readonly spans: number[] }>;

/** Marks the connections whose records' times decide about a rejected row. */
function wantTimes(
  batch: FlowBatch,
  rejected: readonly RejectedRow[],
  connections: ConnectionTable,
  deltas: SegmentDeltas,
  times: AcceptedTimes,
): void {
  const { words } = connections;
  for (const { row, entry } of rejected) {
    for (let one = entry; one >= 0; one = connections.older(one)) {
      const base = one * STRIDE;
      // A record before or after everything else of the connection needs no other record's times.
      if (batch.start[row] >= words[base + LAST] || batch.start[row] < openedAt(words, base)) continue;
      const delta = words[base + DELTA];
      if (delta === 0 || times.has(one)) continue;
      times.set(one, { priorEnd: deltas.priorEnds[delta - 1], spans: [] });
      words[base + STATE] |= WANTED;
    }
  }
}

function readTimes(batch: FlowBatch, entries: Int32Array, words: Uint32Array, times: AcceptedTimes): void {
  for (let row = 0; row < batch.rows; row++) {
    const entry = entries[row];
    if (entry >= 0 && (words[entry * STRIDE + STATE] & WANTED) !== 0) {
      times.get(entry)!.spans.push(batch.start[row], batch.end[row]);
    }
  }
}

function connectionAt(
  start: number,
  youngest: number,
  connections: ConnectionTable,
  times: AcceptedTimes,
  timeouts: IdleTimeouts,
): number {
  const { words } = connections;
  let next = NO_CONNECTION;
  for (let entry = youngest; entry >= 0; entry = connections.older(entry)) {
    const base = entry * STRIDE;
    if (openedAt(words, base) <= start) {
      const last = lastBefore(start, words[base + LAST], times.get(entry));
      return start <= last + rememberedSeconds(words, base, timeouts) ? encode(entry, start >= last) : next;
    }
    if (openedAt(words, base) <= start + DELIVERY) next = encode(entry, false);
  }
  return next;
}

/** Latest end of what was accepted and began no later than `start`. Everything from earlier segments counts as before. */
function lastBefore(start: number, last: number, times: ReturnType<AcceptedTimes["get"]>): number {
  if (times === undefined) return last;
  let latest = times.priorEnd;
  for (let at = 0; at < times.spans.length; at += 2) {
    if (times.spans[at] <= start && times.spans[at + 1] > latest) latest = times.spans[at + 1];
  }
  return latest;
}
