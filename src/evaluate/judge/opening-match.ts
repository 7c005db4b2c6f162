import type { ConnectionTable } from "../conntrack/connections.ts";
import { LOCAL_OPENED, OPENED_BY, REMOTE_OPENED, UNKNOWN } from "../conntrack/layout.ts";
import type { SegmentDeltas } from "../conntrack/segment-deltas.ts";
import { type LookupColumns, SEVERAL, sideOf } from "../lookup/lookup-columns.ts";
import { EGRESS, NOT_ASKED, type LookupTable } from "../lookup/policy-lookup.ts";

/** Under which matches connections began. */
export interface OpeningMatches {
  /**
   * Under which match the entry's connection began, for judging a record of it: NOT_ASKED where the record's own lookup
   * says the same. Where it is not sure who opened it (`unsure`), the number stands for two matches.
   */
  admittedFor(base: number, opened: number, lookup: number, unsure: boolean): number;
  /** The matches, by place, that such a number stands for: if the opener did begin, and if the other end did. */
  admittedBy(admitted: number): readonly [number, number];
}

/** Numbers from here downwards stand for pairs of matches. */
const FIRST_PAIR = NOT_ASKED - 1;

export function createOpeningMatches(
  table: LookupTable,
  connections: ConnectionTable,
  columns: LookupColumns,
): OpeningMatches {
  const pairs: (readonly [number, number])[] = [];
  const pairIds = new Map<string, number>();

  const unlessOwn = (base: number, opened: number, lookup: number): number => {
    const began = sideOf(connections.words[base + OPENED_BY] - 1, opened);
    const match = columns.admitted[began];
    const own = columns.own[sideOf(lookup, opened)];
    if (own !== SEVERAL) return match === own ? NOT_ASKED : match;
    // It began while the configuration changed, and the record straddles the same change, which explains it.
    const changedTo = columns.admittedIn[began];
    const { others } = table.lookups[lookup];
    return changedTo >= 0 && others.some((other) => table.lookups[other].snapshot === changedTo) ? NOT_ASKED : match;
  };

  return {
    admittedFor(base, opened, lookup, unsure) {
      const match = opened === UNKNOWN ? NOT_ASKED : unlessOwn(base, opened, lookup);
      if (!unsure) return match;
      const otherwise = unlessOwn(base, opened === LOCAL_OPENED ? REMOTE_OPENED : LOCAL_OPENED, lookup);
      if (otherwise === NOT_ASKED) return match;
      const text = `${match},${otherwise}`;
      let pair = pairIds.get(text);
      if (pair === undefined) {
        pair = pairs.length;
        pairs.push([match, otherwise]);
        pairIds.set(text, pair);
      }
      return FIRST_PAIR - pair;
    },
    admittedBy: (admitted) => (admitted > FIRST_PAIR ? [admitted, NOT_ASKED] : pairs[FIRST_PAIR - admitted]),
  };
}

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
export function countPings({ openings }: SegmentDeltas, pings: Ping[]): void {
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
