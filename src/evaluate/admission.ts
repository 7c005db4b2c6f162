import { OPENED_BY } from "./connection-words.ts";
import { type ConnectionTable } from "./connections.ts";
import { LOCAL_OPENED, REMOTE_OPENED, UNKNOWN } from "./initiator.ts";
import { NOT_ASKED, type ReadingTable } from "./reading.ts";
import { type ReadingColumns, SEVERAL, sideOf } from "./reading-columns.ts";

/** Under which matches connections began. */
export interface Admissions {
  /**
   * Under which match the entry's connection began, for judging a record of it: NOT_ASKED where the record's own reading
   * says the same. Where it is not sure who opened it (`unsure`), the number stands for two matches.
   */
  admittedFor(base: number, opened: number, reading: number, unsure: boolean): number;
  /** The matches, by place, that such a number stands for: if the opener did begin, and if the other end did. */
  admittedBy(admitted: number): readonly [number, number];
}

/** Numbers from here downwards stand for pairs of matches. */
const FIRST_PAIR = NOT_ASKED - 1;

export function createAdmissions(
  table: ReadingTable,
  connections: ConnectionTable,
  columns: ReadingColumns,
): Admissions {
  const pairs: (readonly [number, number])[] = [];
  const pairIds = new Map<string, number>();

  const unlessOwn = (base: number, opened: number, reading: number): number => {
    const began = sideOf(connections.words[base + OPENED_BY] - 1, opened);
    const match = columns.admitted[began];
    const own = columns.own[sideOf(reading, opened)];
    if (own !== SEVERAL) return match === own ? NOT_ASKED : match;
    // It began while the configuration changed, and the record straddles the same change, which explains it.
    const changedTo = columns.admittedIn[began];
    const { others } = table.readings[reading];
    return changedTo >= 0 && others.some((other) => table.readings[other].snapshot === changedTo) ? NOT_ASKED : match;
  };

  return {
    admittedFor(base, opened, reading, unsure) {
      const match = opened === UNKNOWN ? NOT_ASKED : unlessOwn(base, opened, reading);
      if (!unsure) return match;
      const otherwise = unlessOwn(base, opened === LOCAL_OPENED ? REMOTE_OPENED : LOCAL_OPENED, reading);
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
