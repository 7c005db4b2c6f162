import { LOCAL_OPENED, OPENED_BY, REMOTE_OPENED, UNKNOWN } from "../conntrack/entry-layout.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { type LookupColumns, SEVERAL, sideOf } from "../lookup/lookup-columns.ts";
import { type LookupTable, NOT_ASKED } from "../lookup/policy-lookup.ts";

/** The match that admitted the first packet of a connection, for judging a record of it. */
export interface OpeningMatches {
  /**
   * The opening match of an entry: NOT_ASKED where the record's own lookup gives the same match. If the initiator is
   * `uncertain`, the number stands for two matches.
   */
  ofRecord(base: number, opened: number, lookup: number, uncertain: boolean): number;
  /** The matches that such a number stands for: if `opened` is the initiator, and if the other end is. */
  pairOf(opening: number): readonly [number, number];
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
    // The connection began while the configuration changed, and the record straddles the same change, which explains it.
    const changedTo = columns.admittedIn[began];
    const { others } = table.lookups[lookup];
    return changedTo >= 0 && others.some((other) => table.lookups[other].snapshot === changedTo) ? NOT_ASKED : match;
  };

  return {
    ofRecord(base, opened, lookup, uncertain) {
      const match = opened === UNKNOWN ? NOT_ASKED : unlessOwn(base, opened, lookup);
      if (!uncertain) return match;
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
    pairOf: (opening) => (opening > FIRST_PAIR ? [opening, NOT_ASKED] : pairs[FIRST_PAIR - opening]),
  };
}
