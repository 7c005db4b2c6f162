import { EGRESS } from "./reading.ts";
import type { Touched } from "./touched.ts";

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
