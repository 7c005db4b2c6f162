import { ACTION_ACCEPT, ACTION_MASK, type FlowBatch, HAS_TCP_FLAGS, STATUS_SHIFT } from "../../decode/flow-batch.ts";
import { ICMP, ICMPV6, TCP } from "../../policy/services.ts";
import { forEachChunk, STEP } from "../chunks.ts";
import type { Ping } from "../judge/opening-match.ts";
import { EGRESS, type LookedUpBatch } from "../lookup/policy-lookup.ts";
import type { AddressPool } from "./address-pool.ts";
import type { ConnectionTable } from "./connections.ts";
import {
  createKeys,
  FIN,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  FLAGS_KNOWN,
  KEY_ENTRY,
  KEY_WORDS,
  KIND,
  LAST,
  NEVER,
  OPENED_BY,
  openedAt,
  RST,
  STATE,
  STRIDE,
  SYN,
  SYN_ACK,
  SYN_SEEN,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  writeKey,
} from "./layout.ts";
import { type SegmentDeltas, DELTA_SUMS } from "./segment-deltas.ts";
import { idleSeconds, type IdleTimeouts, shortestIdle } from "./timeouts.ts";

/** Row without a place in the connection table: not judged by state. */
export const NO_ENTRY = -1;
/** REJECT: looked up once all accepted records of the segment are in. */
export const LOOK_UP = -2;
/** ACCEPT, while its entry is being looked for. */
const ACCEPTED = 0;

/** What the records of a segment are entered into, and what is noted on the way. */
export interface Observation {
  readonly connections: ConnectionTable;
  readonly pool: AddressPool;
  readonly timeouts: IdleTimeouts;
  readonly touched: SegmentDeltas;
  /** Entries below this number are of earlier segments. */
  carried: number;
  readonly pings: Ping[];
  /** Rows that came too long before or after their entry's other records to be entered at once. */
  readonly apart: Apart[];
}

interface Apart {
  readonly batch: number;
  readonly row: number;
  readonly entry: number;
}

/** Keys that are looked up side by side. */
const keys = createKeys(STEP);

/**
 * First pass over the rows `[from, to)` of a batch: every accepted record enters the connection table. What is kept of it
 * does not depend on the order of the records (least start, greatest end, union of flags, sums), and what does, whether a
 * silence ended the connection, is put off to `splitIdleConnections`. Writes each row's entry to `entries`.
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
  { connections, pool }: Observation,
  from: number,
  to: number,
): void {
  const { bits: bitsColumn } = batch;
  let count = 0;
  for (let row = from; row < to; row++) {
    const bits = bitsColumn[row];
    const direction = directions[lookups[row]];
    if (direction === 0 || ((bits >>> STATUS_SHIFT) & 3) !== 0) entries[row] = NO_ENTRY;
    else if ((bits & ACTION_MASK) !== ACTION_ACCEPT) entries[row] = LOOK_UP;
    else {
      writeKey(batch, row, direction, pool, keys, count++ * KEY_WORDS);
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

/** Enters the accepted rows, but those that have to be looked at again. */
function enterRows(
  { batch, lookups }: LookedUpBatch,
  number: number,
  directions: Uint8Array,
  entries: Int32Array,
  into: Observation,
  from: number,
  to: number,
): void {
  const { timeouts, carried, apart, touched } = into;
  const { words } = into.connections;
  touched.warmSums(words, entries, from, to);
  const { start: starts, end: ends } = batch;
  for (let row = from; row < to; row++) {
    const entry = entries[row];
    if (entry < 0) continue;
    const base = entry * STRIDE;
    // Most records lie among the others of their connection: no time-out has to be looked up.
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
  { connections: { words }, touched, pings }: Observation,
): void {
  const base = entry * STRIDE;
  const place = touched.placeOf(words, entry);
  const bits = batch.bits[row];
  const start = batch.start[row];
  const end = batch.end[row];
  const packets = batch.packets[row];
  const bytes = batch.bytes[row];
  const flags = bits & HAS_TCP_FLAGS ? batch.tcpFlags[row] : 0;
  const { sums } = touched;
  const sum = place * DELTA_SUMS;
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
  const protocol = words[base + KIND] & 0xff;
  if (protocol === TCP && isOpening(flags, packets)) touched.openings[place] += direction === EGRESS ? 1 : 0x10000;
  else if (protocol === ICMP || protocol === ICMPV6) pings.push({ place, direction, start, end, packets });
  if (end > words[base + LAST]) words[base + LAST] = end;
}

/** A responder's record of a connection that began in it; a SYN-ACK that is merely repeated shows nothing new. */
function isOpening(flags: number, packets: number): boolean {
  return (flags & SYN_ACK) === SYN_ACK && ((flags & (FIN | RST)) !== 0 || packets >= 4);
}

/**
 * Second pass, over the rows that were put off: a connection with such rows is entered again from its first record to its
 * last, and a silence longer than the idle time-out ends it. Of one that an earlier segment began only the rest is.
 */
export function splitIdleConnections(
  segment: readonly LookedUpBatch[],
  directions: Uint8Array,
  entries: readonly Int32Array[],
  into: Observation,
): void {
  const { connections, touched, timeouts, carried, apart, pings } = into;
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
      touched.reset(connections.words, entry);
    }
    const others = pings.filter(({ place }) => marked[touched.entries[place]] === 0);
    pings.splice(0, pings.length, ...others);
  }
  const startOf = ({ batch, row }: Apart): number => segment[batch].batch.start[row];
  rows.sort((a, b) => a.entry - b.entry || startOf(a) - startOf(b));
  let [first, entry] = [-1, -1];
  for (const place of rows) {
    const { batch, lookups } = segment[place.batch];
    if (place.entry !== first) first = entry = place.entry;
    const { words } = connections;
    const base = entry * STRIDE;
    const silent =
      openedAt(words, base) !== NEVER &&
      batch.start[place.row] > words[base + LAST] + idleSeconds(words, base, timeouts);
    if (silent) {
      entry = connections.add(words, base);
    }
    entries[place.batch][place.row] = entry;
    enter(batch, place.row, lookups[place.row], directions[lookups[place.row]], entry, into);
  }
}
