import { HAS_TCP_FLAGS, type FlowBatch } from "../../decode/flow-batch.ts";
import { ICMP, ICMPV6, TCP } from "../../net/protocols.ts";
import type { SegmentDeltas } from "../dense/segment-deltas.ts";
import { EGRESS } from "../lookup/policy-lookup.ts";
import { FIN, RST, SYN_ACK } from "./entry-layout.ts";

// An entry may stand for several connections that used the same ports. Each opening that the log shows is one of them: for
// TCP a SYN-ACK, for ICMP a run of pings after a silence.

/** An accepted ICMP record. */
export interface Ping {
  /** Index of the delta of its connection. */
  readonly delta: number;
  readonly direction: number;
  readonly start: number;
  readonly end: number;
  readonly packets: number;
}

/** Counts the openings that an accepted TCP record shows. ICMP records are added to `pings`, for `countPings`. */
export function noteOpening(
  batch: FlowBatch,
  row: number,
  direction: number,
  delta: number,
  { openings }: SegmentDeltas,
  pings: Ping[],
): void {
  const protocol = batch.protocol[row];
  const packets = batch.packets[row];
  if (protocol === TCP) {
    const flags = batch.bits[row] & HAS_TCP_FLAGS ? batch.tcpFlags[row] : 0;
    if (isAnsweredOpening(flags, packets)) openings[delta] += direction === EGRESS ? 1 : 0x10000;
  } else if (protocol === ICMP || protocol === ICMPV6) {
    pings.push({ delta, direction, start: batch.start[row], end: batch.end[row], packets });
  }
}

/** A responder's record of a connection that began in it. A SYN-ACK that is only repeated shows nothing new. */
function isAnsweredOpening(flags: number, packets: number): boolean {
  return (flags & SYN_ACK) === SYN_ACK && ((flags & (FIN | RST)) !== 0 || packets >= 4);
}

/** Counts the ping runs of a segment as openings, whatever the order of the records. */
export function countPings({ openings }: SegmentDeltas, pings: Ping[]): void {
  pings.sort((a, b) => a.delta - b.delta || a.direction - b.direction || a.start - b.start || a.end - b.end);
  let until = 0;
  pings.forEach((ping, at) => {
    const before = pings[at - 1];
    const same = before !== undefined && before.delta === ping.delta && before.direction === ping.direction;
    if (!same || ping.start > until + longestPause(before, ping)) {
      openings[ping.delta] += ping.direction === EGRESS ? 1 : 0x10000;
    }
    until = same ? Math.max(until, ping.end) : ping.end;
  });
}

/**
 * Seconds without a record within one run of pings, which an aggregation interval may have cut in two. A run keeps its
 * pace, which shows where a record holds two packets or more.
 */
function longestPause(before: Ping, ping: Ping): number {
  const paces = [before, ping]
    .filter(({ packets }) => packets > 1)
    .map((one) => (one.end - one.start) / (one.packets - 1));
  return paces.length === 0 ? PAUSE_OF_UNKNOWN_PACE : Math.max(...paces) * 2 + 1;
}

const PAUSE_OF_UNKNOWN_PACE = 30;

/** Openings by the initiator since the last report: SYN-ACKs of the responder for TCP, records of the initiator for ICMP. */
export function openingsOf(openings: number, protocol: number, openedLocally: boolean): number {
  const out = openings & 0xffff;
  const inward = openings >>> 16;
  return (protocol === TCP) === openedLocally ? inward : out;
}
