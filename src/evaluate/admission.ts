import { INITIATOR_MASK, OPENED_BY, STATE, type ConnectionTable } from "./connections.ts";
import { LOCAL_OPENED, UNKNOWN } from "./initiator.ts";
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
  /** The match under which the entry's connection began, by place; NOT_ASKED where the interface has no groups. */
  admittedMatch(base: number, opened: number): number;
  /** The rules that admitted an entry's connection, and for an untracked flow those that let its replies pass. */
  admissionOf(base: number, into: Admission): void;
}

/** Rule sets are numbered from `firstRuleSet` on. */
export function createAdmissions(table: ReadingTable, connections: ConnectionTable, firstRuleSet: number): Admissions {
  const ruleSets: RuleSet[] = [];
  const ruleSetIds = new Map<string, number>();
  const ruleSetOfMatch: number[] = [];

  /** The match under which the entry's connection began, if a group rule admitted it. */
  const admittedMatch = (base: number, opened: number): number => {
    const reading = table.readings[connections.words[base + OPENED_BY] - 1];
    if (reading === undefined || reading.sgIfLocal === NOT_ASKED) return NOT_ASKED;
    const place = opened === LOCAL_OPENED ? reading.sgIfLocal : reading.sgIfRemote;
    if (table.matches[place].answer === "allow") return place;
    for (const other of reading.others) {
      const { sgIfLocal, sgIfRemote } = table.readings[other];
      const otherPlace = opened === LOCAL_OPENED ? sgIfLocal : sgIfRemote;
      if (otherPlace !== NOT_ASKED && table.matches[otherPlace].answer === "allow") return otherPlace;
    }
    return place;
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

  return { ruleSets, admittedMatch, admissionOf };
}
