import type { Admissions } from "./admission.ts";
import { DirectMap } from "./direct-map.ts";
import { judge } from "./judge.ts";
import type { Judgement } from "./judgement.ts";
import { FACT_BITS, unpack } from "./packed-facts.ts";
import type { ReadingTable } from "./reading.ts";
import { WordMemo } from "./word-memo.ts";

/** Judgements by number: equal ones are one. */
export interface JudgementTable {
  readonly judgements: readonly Judgement[];
  /** Number of the judgement of a reading under these facts; `admitted` as `Admissions` numbers it. */
  judgementOf(reading: number, account: number, admitted: number, packed: number): number;
}

/** Accounts whose numbers fit into a word beside the facts. */
const FEW_ACCOUNTS = 1 << (31 - FACT_BITS);

/** Numbers begin with `firstJudgement`. */
export function createJudgementTable(
  table: ReadingTable,
  firstJudgement: number,
  { admittedBy }: Pick<Admissions, "admittedBy">,
): JudgementTable {
  const judgements: Judgement[] = [];
  const judgementIds = new Map<string, number>();
  const memo = new WordMemo(4);
  const recent = new DirectMap(12);

  const judgementOf = (reading: number, account: number, admitted: number, packed: number): number => {
    const said = (account << FACT_BITS) | packed;
    const near = account < FEW_ACCOUNTS ? recent.get(reading, said, admitted) : -1;
    if (near >= 0) return near;
    const id = findJudgement(reading, account, admitted, packed);
    if (account < FEW_ACCOUNTS) recent.set(reading, said, admitted, id);
    return id;
  };

  const findJudgement = (reading: number, account: number, admitted: number, packed: number): number => {
    memo.key[0] = reading;
    memo.key[1] = packed;
    memo.key[2] = account;
    memo.key[3] = admitted;
    const known = memo.find();
    if (known >= 0) return known;
    const [match, otherwise] = admittedBy(admitted);
    const judgement = judge(
      table.readings[reading],
      { accountId: account, admittedBy: match, admittedOtherwise: otherwise, ...unpack(packed) },
      table.readings,
      table.matches,
    );
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
