import { EVIDENCE, type Judgement } from "../../judgement.ts";
import { DirectMap } from "../conntrack/address-pool.ts";
import { WordMemo } from "../lookup/memo.ts";
import type { LookupTable } from "../lookup/policy-lookup.ts";
import { type RecordFacts, judge } from "./judge.ts";
import type { OpeningMatches } from "./opening-match.ts";

// What is known of a record, in one word, so that equal facts are found without building an object.
export const LATE = 1 << 6;
export const RELATED = 1 << 7;
export const UNCERTAIN = 1 << 14;
export const STRAY = 1 << 15;
export const UNANSWERED = 1 << 16;
/** Bits of a word of packed facts. */
const FACT_BITS = 17;

const SURMISED = new Set(["policy", "lower_port", "likelier_port", "only_direction", "none"]);

/** 1 for the codes of evidence that is too weak to call a passing packet a mismatch. */
export const WEAK_EVIDENCE: Uint8Array = Uint8Array.from(EVIDENCE, (name) => (SURMISED.has(name) ? 1 : 0));

/** Everything about a record but its account and the match that admitted its connection. */
type PackedFacts = Omit<RecordFacts, "accountId" | "admittedBy" | "admittedOtherwise">;

/** Bits 0-1 action, 2-3 log status, 4-5 reject reason, 6 late, 7 related, 8-9 initiator, 10-13 evidence, 14-16 as above. */
function unpack(packed: number): PackedFacts {
  return {
    action: ([null, "ACCEPT", "REJECT"] as const)[packed & 3] ?? null,
    logStatus: (["OK", "NODATA", "SKIPDATA"] as const)[(packed >>> 2) & 3] ?? "OK",
    rejectReason: ([null, "BPA", "EC", "other"] as const)[(packed >>> 4) & 3],
    late: (packed & LATE) !== 0,
    related: (packed & RELATED) !== 0,
    initiator: (["unknown", "local", "remote"] as const)[(packed >>> 8) & 3] ?? "unknown",
    evidence: EVIDENCE[(packed >>> 10) & 15],
    uncertain: (packed & UNCERTAIN) !== 0,
    stray: (packed & STRAY) !== 0,
    unanswered: (packed & UNANSWERED) !== 0,
  };
}

/** Judgements by number: equal ones are one. */
export interface JudgementTable {
  readonly judgements: readonly Judgement[];
  /** Number of the judgement of a lookup under these facts; `admitted` as `OpeningMatches` numbers it. */
  judgementOf(lookup: number, account: number, admitted: number, packed: number): number;
}

/** Accounts whose numbers fit into a word beside the facts. */
const FEW_ACCOUNTS = 1 << (31 - FACT_BITS);

/** Numbers begin with `firstJudgement`. */
export function createJudgementTable(
  table: LookupTable,
  firstJudgement: number,
  { admittedBy }: Pick<OpeningMatches, "admittedBy">,
): JudgementTable {
  const judgements: Judgement[] = [];
  const judgementIds = new Map<string, number>();
  const memo = new WordMemo(4);
  const recent = new DirectMap(12);

  const judgementOf = (lookup: number, account: number, admitted: number, packed: number): number => {
    const said = (account << FACT_BITS) | packed;
    const near = account < FEW_ACCOUNTS ? recent.get(lookup, said, admitted) : -1;
    if (near >= 0) return near;
    const id = findJudgement(lookup, account, admitted, packed);
    if (account < FEW_ACCOUNTS) recent.set(lookup, said, admitted, id);
    return id;
  };

  const findJudgement = (lookup: number, account: number, admitted: number, packed: number): number => {
    memo.key[0] = lookup;
    memo.key[1] = packed;
    memo.key[2] = account;
    memo.key[3] = admitted;
    const known = memo.find();
    if (known >= 0) return known;
    const [match, otherwise] = admittedBy(admitted);
    const judgement = judge(
      table.lookups[lookup],
      { accountId: account, admittedBy: match, admittedOtherwise: otherwise, ...unpack(packed) },
      table.lookups,
      table.matches,
    );
    // RecordFacts that make no difference to the answer share one judgement.
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
