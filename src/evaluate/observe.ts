import { ACTION_ACCEPT, ACTION_MASK, HAS_TCP_FLAGS, STATUS_SHIFT, type FlowBatch } from "../decode/flow-batch.ts";
import { ICMP, ICMPV6, TCP } from "../policy/compile/services.ts";
import {
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  FLAGS_KNOWN,
  INTERFACE,
  KIND,
  LAST,
  NEVER,
  OPENED_BY,
  openedAt,
  STATE,
  STRIDE,
  SYN_SEEN,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  type ConnectionTable,
} from "./connections.ts";
import { FIN, RST, SYN, SYN_ACK } from "./initiator.ts";
import { EGRESS } from "./reading.ts";
import { type IdleTimeouts, idleSeconds, shortestIdle } from "./timeouts.ts";
import type { AddressPool } from "./address-pool.ts";
import { rowKey, type RowKey } from "./row-key.ts";
import { TOUCHED_SUMS, type Touched } from "./touched.ts";

/** An accepted ICMP record: each ping run is a connection of its own, told apart by the silence between them. */
export interface Ping {
  /** Place of its connection among those the segment touched. */
  readonly place: number;
  readonly direction: number;
  readonly start: number;
  readonly end: number;
  readonly packets: number;
}

/** Counts the ping runs of a segment into the openings; the order in which the records came does not matter. */
export function countPings({ openings }: Touched, pings: Ping[]): void {
  pings.sort((a, b) => a.place - b.place || a.direction - b.direction || a.start - b.start || a.end - b.end);
  let until = 0;
  pings.forEach((ping, at) => {
    const before = pings[at - 1];
    const same = before !== undefined && before.place === ping.place && before.direction === ping.direction;
    if (!same || ping.start > until + newPing(before, ping)) {
      openings[ping.place] += ping.direction === EGRESS ? 1 : 0x10000;
    }
    until = same ? Math.max(until, ping.end) : ping.end;
  });
}

/**
 * Seconds of silence after which an ICMP record is a new exchange and not the rest of one that an interval cut in two: a
 * run goes on at its own pace, which shows where two packets are in one record.
 */
function newPing(before: Ping, ping: Ping): number {
  const paces = [before, ping]
    .filter(({ packets }) => packets > 1)
    .map((one) => (one.end - one.start) / (one.packets - 1));
  return paces.length === 0 ? UNKNOWN_PACE : Math.max(...paces) * 2 + 1;
}

const UNKNOWN_PACE = 30;

/** Row without a place in the connection table: not judged by state. */
export const NO_ENTRY = -1;
/** REJECT: looked up once all accepted records of the segment are in. */
export const LOOK_UP = -2;

/** What the records of a segment are entered into, and what is noted on the way. */
export interface Observation {
  readonly connections: ConnectionTable;
  readonly pool: AddressPool;
  readonly timeouts: IdleTimeouts;
  readonly touched: Touched;
  /** Entries below this number are of earlier segments. */
  carried: number;
  readonly pings: Ping[];
  /** Rows that came too long before or after their entry's other records to be entered at once. */
  readonly apart: Apart[];
}

export interface Apart {
  readonly batch: number;
  readonly row: number;
  readonly entry: number;
}

/**
 * First pass over the rows `[from, to)` of a batch: every accepted record enters the connection table. What is kept of it does not depend on the
 * order of the records (least start, greatest end, union of flags, sums), and what does, whether a silence ended the
 * connection, is put off to `enterApart`. Writes each row's entry to `entries`.
 */
export function observe(
  number: number,
  batch: FlowBatch,
  readings: Uint32Array,
  directions: Uint8Array,
  entries: Int32Array,
  into: Observation,
  from: number,
  to: number,
): void {
  const { connections, pool, timeouts, carried } = into;
  const key: RowKey = { eni: 0, local: 0, remote: 0, ports: 0, kind: 0 };
  const { bits: bitsColumn, start: starts, end: ends } = batch;
  for (let row = from; row < to; row++) {
    const bits = bitsColumn[row];
    const direction = directions[readings[row]];
    if (direction === 0 || ((bits >>> STATUS_SHIFT) & 3) !== 0) {
      entries[row] = NO_ENTRY;
      continue;
    }
    if ((bits & ACTION_MASK) !== ACTION_ACCEPT) {
      entries[row] = LOOK_UP;
      continue;
    }
    rowKey(batch, row, direction, pool, key);
    const entry = connections.findOrAdd(key.eni, key.local, key.remote, key.ports, key.kind);
    entries[row] = entry;
    if (!connections.fresh) {
      const { words } = connections;
      const old = entry * STRIDE;
      // Most records lie among the others of their connection: no time-out has to be looked up.
      const last = words[old + LAST];
      const first = openedAt(words, old);
      if (starts[row] > last || ends[row] < first) {
        const gap = shortestIdle(words, old, timeouts);
        if (starts[row] > last + gap || (entry >= carried && ends[row] + gap < first)) {
          into.apart.push({ batch: number, row, entry });
          continue;
        }
      }
    }
    enter(batch, row, readings[row], direction, entry, into);
  }
}

/** Adds an accepted record to its connection. */
function enter(
  batch: FlowBatch,
  row: number,
  reading: number,
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
  const sum = place * TOUCHED_SUMS;
  const totals = words[base + TOTAL_PACKETS];
  if (start < openedAt(words, base)) words[base + OPENED_BY] = reading + 1;
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

/**
 * Second pass, over the rows that were put off: a connection with such rows is entered again from its first record to its
 * last, and a silence longer than the idle time-out ends it. Of one that an earlier segment began only the rest is.
 */
export function enterApart(
  segment: readonly { readonly batch: FlowBatch; readonly readings: Uint32Array }[],
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
    const { batch, readings } = segment[place.batch];
    if (place.entry !== first) first = entry = place.entry;
    const { words } = connections;
    const base = entry * STRIDE;
    const silent =
      openedAt(words, base) !== NEVER &&
      batch.start[place.row] > words[base + LAST] + idleSeconds(words, base, timeouts);
    if (silent) {
      const [eni, local, remote, ports, kind] = words.subarray(base + INTERFACE, base + KIND + 1);
      entry = connections.add(eni, local, remote, ports, kind);
    }
    entries[place.batch][place.row] = entry;
    enter(batch, place.row, readings[place.row], directions[readings[place.row]], entry, into);
  }
}

/** A responder's record of a connection that began in it; a SYN-ACK that is merely repeated shows nothing new. */
function isOpening(flags: number, packets: number): boolean {
  return (flags & SYN_ACK) === SYN_ACK && ((flags & (FIN | RST)) !== 0 || packets >= 4);
}
