import { INITIATOR_MASK, OPENED_BY, STATE, type ConnectionTable } from "./connections.ts";
import { LOCAL_OPENED, REMOTE_OPENED, UNKNOWN } from "./initiator.ts";
import { NOT_ASKED, type ReadingTable } from "./reading.ts";
import type { Admission } from "./usage.ts";

/** Rules, by place in `ruleIds`, that admit together. `certain`: false for rules that only may have matched. */
export interface RuleSet {
  readonly rules: readonly number[];
  readonly certain: boolean;
}

/** Under which rules connections began. */
export interface Admissions {
  readonly ruleSets: readonly RuleSet[];
  /**
   * Under which match the entry's connection began, for judging a record of it: NOT_ASKED where the record's own reading
   * says the same. Where it is not sure who opened it (`unsure`), the number stands for two matches.
   */
  admittedFor(base: number, opened: number, reading: number, unsure: boolean): number;
  /** The matches, by place, that such a number stands for: if the opener did begin, and if the other end did. */
  admittedBy(admitted: number): readonly [number, number];
  /** The rules that admitted an entry's connection, and for an untracked flow those that let its replies pass. */
  admissionOf(base: number, into: Admission): void;
}

/** Numbers from here downwards stand for pairs of matches. */
const FIRST_PAIR = NOT_ASKED - 1;

/** Rule sets are numbered from `firstRuleSet` on. */
export function createAdmissions(table: ReadingTable, connections: ConnectionTable, firstRuleSet: number): Admissions {
  const ruleSets: RuleSet[] = [];
  const ruleSetIds = new Map<string, number>();
  const ruleSetOfMatch: number[] = [];
  const pairs: (readonly [number, number])[] = [];
  const pairIds = new Map<string, number>();

  // The snapshot of the last answer of `admittedMatch`, where it is another one than that at the connection's start; else -1.
  let changedTo = -1;

  /** The match under which the entry's connection began, if a group rule admitted it. */
  const admittedMatch = (base: number, opened: number): number => {
    changedTo = -1;
    const reading = table.readings[connections.words[base + OPENED_BY] - 1];
    if (reading === undefined || reading.sgIfLocal === NOT_ASKED) return NOT_ASKED;
    const place = opened === LOCAL_OPENED ? reading.sgIfLocal : reading.sgIfRemote;
    if (table.matches[place].answer === "allow") return place;
    for (const other of reading.others) {
      const { sgIfLocal, sgIfRemote, snapshot } = table.readings[other];
      const otherPlace = opened === LOCAL_OPENED ? sgIfLocal : sgIfRemote;
      if (otherPlace === NOT_ASKED || table.matches[otherPlace].answer !== "allow") continue;
      changedTo = snapshot;
      return otherPlace;
    }
    return place;
  };

  const unlessOwn = (base: number, opened: number, reading: number): number => {
    const place = admittedMatch(base, opened);
    const { sgIfLocal, sgIfRemote, others } = table.readings[reading];
    // It began while the configuration changed, and the record straddles the same change, which explains it.
    if (changedTo >= 0 && others.some((other) => table.readings[other].snapshot === changedTo)) return NOT_ASKED;
    return others.length === 0 && place === (opened === LOCAL_OPENED ? sgIfLocal : sgIfRemote) ? NOT_ASKED : place;
  };

  const admittedFor = (base: number, opened: number, reading: number, unsure: boolean): number => {
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
  };

  /** Number of the rule set of a match, -1 when no rule of it is credited. */
  const ruleSetOf = (match: number): number => {
    const known = ruleSetOfMatch[match];
    if (known !== undefined) return known;
    const { rules: certainly, possible } = table.matches[match];
    const certain = certainly.length > 0;
    const members = certain ? certainly : possible;
    if (members.length === 0) return (ruleSetOfMatch[match] = -1);
    const text = `${certain}${members.join(",")}`;
    let id = ruleSetIds.get(text);
    if (id === undefined) {
      id = firstRuleSet + ruleSets.length;
      ruleSets.push({ rules: members, certain });
      ruleSetIds.set(text, id);
    }
    return (ruleSetOfMatch[match] = id);
  };

  /** The rules that admitted an entry's connection, and for an untracked flow those that let its replies pass. */
  const admissionOf = (base: number, into: Admission): void => {
    const opened = connections.words[base + STATE] & INITIATOR_MASK;
    const place = opened === UNKNOWN ? NOT_ASKED : admittedMatch(base, opened);
    into.ruleSet = place === NOT_ASKED ? -1 : ruleSetOf(place);
    into.replyRuleSet = -1;
    if (place === NOT_ASKED || !table.matches[place].untracked) return;
    const { sgIfLocal, sgIfRemote } = table.readings[connections.words[base + OPENED_BY] - 1];
    const replies = opened === LOCAL_OPENED ? sgIfRemote : sgIfLocal;
    if (table.matches[replies].answer === "allow") into.replyRuleSet = ruleSetOf(replies);
  };

  return {
    ruleSets,
    admittedFor,
    admittedBy: (admitted) => (admitted > FIRST_PAIR ? [admitted, NOT_ASKED] : pairs[FIRST_PAIR - admitted]),
    admissionOf,
  };
}
