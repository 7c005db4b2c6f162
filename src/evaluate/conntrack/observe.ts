import { ACTION_ACCEPT, ACTION_MASK, type FlowBatch, HAS_TCP_FLAGS, STATUS_SHIFT } from "../../decode/flow-batch.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { CHUNK, forEachChunk } from "../dense/loops.ts";
import { DELTA_SUMS, type SegmentDeltas } from "../dense/segment-deltas.ts";
import { EGRESS, type LookedUpBatch } from "../lookup/policy-lookup.ts";
import {
  createKeys,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  FLAGS_KNOWN,
  KEY_ENTRY,
  KEY_WORDS,
  LAST,
  NEVER,
  OPENED_BY,
  openedAt,
  STATE,
  STRIDE,
  SYN,
  SYN_SEEN,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  writeKey,
} from "./entry-layout.ts";
import { noteOpening, type Ping } from "./openings.ts";
import { idleSeconds, type IdleTimeouts, shortestIdle } from "./timeouts.ts";

// In place of a row's entry.
/** The row is not judged by connection state. */
export const NO_ENTRY = -1;
/** Not accepted: its connection is looked up once all accepted records of the segment are in the table. */
export const NOT_ACCEPTED = -2;
/** Accepted; its entry is being looked up. */
const ACCEPTED = 0;

/** Where the records of a segment go. */
export interface Observation {
  readonly connections: ConnectionTable;
  readonly addresses: AddressPool;
  readonly timeouts: IdleTimeouts;
  readonly deltas: SegmentDeltas;
  /** Entries below this number are from earlier segments. */
  carried: number;
  readonly pings: Ping[];
  /** Rows too long before or after the other records of their entry: the entry may stand for several connections. */
  readonly apart: RowOfEntry[];
}

interface RowOfEntry {
  readonly batch: number;
  readonly row: number;
  readonly entry: number;
}

const keys = createKeys(CHUNK);

/**
 * First pass over batch `number` of a segment: enters its accepted records into the connection table and writes the entry
 * of each row to `entries`. What an entry keeps does not depend on the order of its records (least start, greatest end,
 * union of flags, sums). What does, whether a silence ended the connection, is left to `splitIdleConnections`.
 */
export function observe(
  read: LookedUpBatch,
  number: number,
  directions: Uint8Array,
  entries: Int32Array,
  into: Observation,
): void {
  forEachChunk(read.batch.rows, (from, to) => {
    findEntries(read, directions, entries, into, from, to);
    enterRows(read, number, directions, entries, into, from, to);
  });
}

/** Finds or makes the entry of each accepted row. */
function findEntries(
  { batch, lookups }: LookedUpBatch,
  directions: Uint8Array,
  entries: Int32Array,
  { connections, addresses }: Observation,
  from: number,
  to: number,
): void {
  const { bits: bitsColumn } = batch;
  let count = 0;
  for (let row = from; row < to; row++) {
    const bits = bitsColumn[row];
    const direction = directions[lookups[row]];
    if (direction === 0 || ((bits >>> STATUS_SHIFT) & 3) !== 0) entries[row] = NO_ENTRY;
    else if ((bits & ACTION_MASK) !== ACTION_ACCEPT) entries[row] = NOT_ACCEPTED;
    else {
      writeKey(batch, row, direction, addresses, keys, count++ * KEY_WORDS);
      entries[row] = ACCEPTED;
    }
  }
  connections.findOrAddAll(keys, count);
  for (let row = from, at = KEY_ENTRY; row < to; row++) {
    if (entries[row] !== ACCEPTED) continue;
    entries[row] = keys[at];
    at += KEY_WORDS;
  }
}

/** Enters the accepted rows, except those that lie apart. */
function enterRows(
  { batch, lookups }: LookedUpBatch,
  number: number,
  directions: Uint8Array,
  entries: Int32Array,
  into: Observation,
  from: number,
  to: number,
): void {
  const { timeouts, carried, apart, deltas } = into;
  const { words } = into.connections;
  deltas.prefetchSums(words, entries, from, to);
  const { start: starts, end: ends } = batch;
  for (let row = from; row < to; row++) {
    const entry = entries[row];
    if (entry < 0) continue;
    const base = entry * STRIDE;
    // Most records lie among the others of their connection and need no time-out.
    const last = words[base + LAST];
    const first = openedAt(words, base);
    if (first !== NEVER && (starts[row] > last || ends[row] < first)) {
      const gap = shortestIdle(words, base, timeouts);
      if (starts[row] > last + gap || (entry >= carried && ends[row] + gap < first)) {
        apart.push({ batch: number, row, entry });
        continue;
      }
    }
    enter(batch, row, lookups[row], directions[lookups[row]], entry, into);
  }
}

/** Adds an accepted record to its connection. */
function enter(
  batch: FlowBatch,
  row: number,
  lookup: number,
  direction: number,
  entry: number,
  { connections: { words }, deltas, pings }: Observation,
): void {
  const base = entry * STRIDE;
  const delta = deltas.indexOf(words, entry);
  const bits = batch.bits[row];
  const start = batch.start[row];
  const end = batch.end[row];
  const packets = batch.packets[row];
  const bytes = batch.bytes[row];
  const flags = bits & HAS_TCP_FLAGS ? batch.tcpFlags[row] : 0;
  const { sums } = deltas;
  const sum = delta * DELTA_SUMS;
  const totals = words[base + TOTAL_PACKETS];
  if (start < openedAt(words, base)) words[base + OPENED_BY] = lookup + 1;
  if (direction === EGRESS) {
    if (start < words[base + FIRST_OUT]) words[base + FIRST_OUT] = start;
    words[base + FLAGS] |= flags;
    sums[sum] += packets;
    sums[sum + 2] += bytes;
    words[base + TOTAL_PACKETS] = (totals & 0xffff0000) | Math.min(0xffff, (totals & 0xffff) + packets);
    words[base + TOTAL_BYTES_OUT] = Math.min(0xffffffff, words[base + TOTAL_BYTES_OUT] + bytes);
  } else {
    if (start < words[base + FIRST_IN]) words[base + FIRST_IN] = start;
    words[base + FLAGS] |= flags << 8;
    sums[sum + 1] += packets;
    sums[sum + 3] += bytes;
    words[base + TOTAL_PACKETS] = (totals & 0xffff) | (Math.min(0xffff, (totals >>> 16) + packets) << 16);
    words[base + TOTAL_BYTES_IN] = Math.min(0xffffffff, words[base + TOTAL_BYTES_IN] + bytes);
  }
  const seen = ((flags & SYN) !== 0 ? SYN_SEEN : 0) | (bits & HAS_TCP_FLAGS ? FLAGS_KNOWN : 0);
  if (seen !== 0) words[base + STATE] |= seen;
  noteOpening(batch, row, direction, delta, deltas, pings);
  if (end > words[base + LAST]) words[base + LAST] = end;
}

/**
 * Second pass, over the rows that lie apart: enters the records of their connections again, from first to last, and begins
 * a new connection after every silence longer than the idle time-out. Of a connection from an earlier segment only the
 * rows that lie apart are entered.
 */
export function splitIdleConnections(
  segment: readonly LookedUpBatch[],
  directions: Uint8Array,
  entries: readonly Int32Array[],
  into: Observation,
): void {
  const { connections, deltas, timeouts, carried, apart, pings } = into;
  if (apart.length === 0) return;
  const again = new Set(apart.map(({ entry }) => entry).filter((entry) => entry >= carried));
  const rows = apart.filter(({ entry }) => entry < carried);
  if (again.size > 0) {
    const marked = new Uint8Array(connections.size);
    for (const entry of again) marked[entry] = 1;
    segment.forEach(({ batch }, number) => {
      for (let row = 0; row < batch.rows; row++) {
        const entry = entries[number][row];
        if (entry >= 0 && marked[entry] === 1) rows.push({ batch: number, row, entry });
      }
    });
    for (const entry of again) {
      connections.reset(entry);
      deltas.reset(connections.words, entry);
    }
    const others = pings.filter(({ delta }) => marked[deltas.entries[delta]] === 0);
    pings.splice(0, pings.length, ...others);
  }
  const startOf = ({ batch, row }: RowOfEntry): number => segment[batch].batch.start[row];
  rows.sort((a, b) => a.entry - b.entry || startOf(a) - startOf(b));
  let [first, entry] = [-1, -1];
  for (const one of rows) {
    const { batch, lookups } = segment[one.batch];
    if (one.entry !== first) first = entry = one.entry;
    const { words } = connections;
    const base = entry * STRIDE;
    const idle =
      openedAt(words, base) !== NEVER && startOf(one) > words[base + LAST] + idleSeconds(words, base, timeouts);
    if (idle) entry = connections.add(words, base);
    entries[one.batch][one.row] = entry;
    enter(batch, one.row, lookups[one.row], directions[lookups[one.row]], entry, into);
  }
}
