import { EVIDENCE, type Judgement } from "../../judgement.ts";
import { DirectMap, WordMemo } from "../dense/word-memo.ts";
import type { LookupTable } from "../lookup/policy-lookup.ts";
import { judge, type RecordFacts } from "./judge.ts";
import type { OpeningMatches } from "./opening-match.ts";

// The facts of a record in one word, so that equal facts are found without building an object: bits 0-1 action, 2-3 log
// status, 4-5 reject reason, 6-7 as below, 8-9 initiator, 10-13 evidence, 14-16 as below, 17-18 possible openers.
export const LATE = 1 << 6;
export const RELATED = 1 << 7;
export const INITIATOR_SHIFT = 8;
export const EVIDENCE_SHIFT = 10;
export const UNCERTAIN = 1 << 14;
export const OUT_OF_STATE = 1 << 15;
export const UNANSWERED = 1 << 16;
export const OPENERS_SHIFT = 17;
const FACT_BITS = 19;

/** Everything about a record except its account and the match that admitted its connection. */
type PackedFacts = Omit<RecordFacts, "accountId" | "openingMatch" | "openingIfOther">;

function unpack(packed: number): PackedFacts {
  return {
    action: ([null, "ACCEPT", "REJECT"] as const)[packed & 3] ?? null,
    logStatus: (["OK", "NODATA", "SKIPDATA"] as const)[(packed >>> 2) & 3] ?? "OK",
    rejectReason: ([null, "BPA", "EC", "other"] as const)[(packed >>> 4) & 3],
    late: (packed & LATE) !== 0,
    related: (packed & RELATED) !== 0,
    initiator: (["unknown", "local", "remote"] as const)[(packed >>> INITIATOR_SHIFT) & 3] ?? "unknown",
    evidence: EVIDENCE[(packed >>> EVIDENCE_SHIFT) & 15],
    uncertain: (packed & UNCERTAIN) !== 0,
    outOfState: (packed & OUT_OF_STATE) !== 0,
    unanswered: (packed & UNANSWERED) !== 0,
    openers: (["one", "likelier", "either"] as const)[(packed >>> OPENERS_SHIFT) & 3],
  };
}

/** Judgements by number: equal ones have one number. */
export interface JudgementTable {
  readonly judgements: readonly Judgement[];
  /** Number of the judgement of a lookup with these facts; `opening` as `OpeningMatches` numbers it. */
  judgementOf(lookup: number, account: number, opening: number, packed: number): number;
}

/** Accounts whose numbers fit into a word beside the facts. */
const FEW_ACCOUNTS = 1 << (31 - FACT_BITS);

/** Numbers begin with `firstJudgement`. */
export function createJudgementTable(
  table: LookupTable,
  firstJudgement: number,
  openings: OpeningMatches,
): JudgementTable {
  const judgements: Judgement[] = [];
  const judgementIds = new Map<string, number>();
  const memo = new WordMemo(4);
  const recent = new DirectMap(12);

  const judgementOf = (lookup: number, account: number, opening: number, packed: number): number => {
    const said = (account << FACT_BITS) | packed;
    const near = account < FEW_ACCOUNTS ? recent.get(lookup, said, opening) : -1;
    if (near >= 0) return near;
    const id = findJudgement(lookup, account, opening, packed);
    if (account < FEW_ACCOUNTS) recent.set(lookup, said, opening, id);
    return id;
  };

  const findJudgement = (lookup: number, account: number, opening: number, packed: number): number => {
    memo.key[0] = lookup;
    memo.key[1] = packed;
    memo.key[2] = account;
    memo.key[3] = opening;
    const known = memo.find();
    if (known >= 0) return known;
    const [openingMatch, openingIfOther] = openings.pairOf(opening);
    const facts = { accountId: account, openingMatch, openingIfOther, ...unpack(packed) };
    const judgement = judge(table.lookups[lookup], facts, table);
    // Facts that make no difference to the answer share one judgement.
    const text = JSON.stringify(judgement);
    let id = judgementIds.get(text);
    if (id === undefined) {
      id = firstJudgement + judgements.length;
      judgements.push(judgement);
      judgementIds.set(text, id);
    }
    memo.add(id);
    return id;
  };

  return { judgements, judgementOf };
}
