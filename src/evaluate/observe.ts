import { ACTION_ACCEPT, ACTION_MASK, HAS_TCP_FLAGS, STATUS_SHIFT, type FlowBatch } from "../decode/flow-batch.ts";
import { TCP, UDP } from "../policy/compile/services.ts";
import {
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  KIND,
  LAST,
  OPENED_AT,
  OPENED_BY,
  OPENINGS_SHIFT,
  SEGMENT,
  STATE,
  STRIDE,
  SUMS,
  SYN_SEEN,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  type ConnectionTable,
} from "./connections.ts";
import { SYN, SYN_ACK } from "./initiator.ts";
import { EGRESS } from "./reading.ts";
import { rowKey, type AddressPool, type RowKey } from "./row-key.ts";

/**
 * Seconds without a record after which the next one belongs to a new connection. AWS: UDP streams 180 s, other protocols
 * 600 s (EC2 "Security group connection tracking"); TCP's 432,000 s would join connections that merely reuse a port, so an
 * hour is taken. A record may arrive two aggregation intervals after the traffic, hence the tolerance.
 */
export function idleSeconds(kind: number): number {
  const protocol = kind & 0xff;
  return (protocol === TCP ? 3600 : protocol === UDP ? 180 : 600) + 120;
}

/** Row without a place in the connection table: not judged by state. */
export const NO_ENTRY = -1;
/** REJECT: looked up once all accepted records of the segment are in. */
export const LOOK_UP = -2;

/**
 * First pass over a batch: every accepted record enters the connection table. What is kept of it does not depend on the
 * order of the records (least start, greatest end, union of flags, sums). Writes each row's entry to `entries`.
 */
export function observe(
  batch: FlowBatch,
  readings: Uint32Array,
  directions: Uint8Array,
  connections: ConnectionTable,
  pool: AddressPool,
  segment: number,
  entries: Int32Array,
  touch: (entry: number) => void,
): void {
  const key: RowKey = { eni: 0, local: 0, remote: 0, ports: 0, kind: 0 };
  for (let row = 0; row < batch.rows; row++) {
    const bits = batch.bits[row];
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
    const start = batch.start[row];
    const end = batch.end[row];
    let entry = connections.find(key.eni, key.local, key.remote, key.ports, key.kind);
    if (entry >= 0) {
      const last = connections.words[entry * STRIDE + LAST];
      if (start > last + idleSeconds(key.kind)) entry = -1;
    }
    if (entry < 0) entry = connections.add(key.eni, key.local, key.remote, key.ports, key.kind);
    entries[row] = entry;

    const { words, floats } = connections;
    const base = entry * STRIDE;
    if (words[base + SEGMENT] !== segment) {
      words[base + SEGMENT] = segment;
      touch(entry);
    }
    const packets = batch.packets[row];
    const bytes = batch.bytes[row];
    const flags = bits & HAS_TCP_FLAGS ? batch.tcpFlags[row] : 0;
    const sums = (base >> 1) + SUMS;
    const totals = words[base + TOTAL_PACKETS];
    if (direction === EGRESS) {
      if (start < words[base + FIRST_OUT]) words[base + FIRST_OUT] = start;
      words[base + FLAGS] |= flags;
      floats[sums] += packets;
      floats[sums + 2] += bytes;
      words[base + TOTAL_PACKETS] = (totals & 0xffff0000) | Math.min(0xffff, (totals & 0xffff) + packets);
      words[base + TOTAL_BYTES_OUT] = Math.min(0xffffffff, words[base + TOTAL_BYTES_OUT] + bytes);
    } else {
      if (start < words[base + FIRST_IN]) words[base + FIRST_IN] = start;
      words[base + FLAGS] |= flags << 8;
      floats[sums + 1] += packets;
      floats[sums + 3] += bytes;
      words[base + TOTAL_PACKETS] = (totals & 0xffff) | (Math.min(0xffff, (totals >>> 16) + packets) << 16);
      words[base + TOTAL_BYTES_IN] = Math.min(0xffffffff, words[base + TOTAL_BYTES_IN] + bytes);
    }
    if ((flags & SYN_ACK) === SYN) {
      words[base + STATE] = (words[base + STATE] | SYN_SEEN) + (1 << OPENINGS_SHIFT);
    }
    if (end > words[base + LAST]) words[base + LAST] = end;
    if (start < words[base + OPENED_AT]) {
      words[base + OPENED_AT] = start;
      words[base + OPENED_BY] = readings[row] + 1;
    }
  }
}

/** Entries nobody will need again: idle for longer than their protocol allows, seen from `now` (Unix seconds). */
export function isIdle(words: Uint32Array, base: number, now: number): boolean {
  return now > words[base + LAST] + idleSeconds(words[base + KIND]) + 600;
}
