import type { Initiator, Judgement, Layer, Verdict } from "../../judgement.ts";
import type { LookupTable } from "../lookup/policy-lookup.ts";
import { judge } from "./judge.ts";

/** What a configuration alone says of a record: nothing that the log shows of the outcome plays a part. */
export interface PolicyVerdict {
  /** `undecided` also where a record straddles a change and the two configurations differ. */
  readonly verdict: Verdict;
  readonly decidedBy: Layer | null;
  /** Places in `ruleIds`: the network ACL entry that decides, -1 for none, and the group rules that admit. */
  readonly naclRule: number;
  readonly sgRules: readonly number[];
  /** Group rules that may admit it (ICMP types, references that cannot be resolved). */
  readonly sgPossible: readonly number[];
  /** The configuration does not know the interface. */
  readonly unmodelled: boolean;
}

export interface Told {
  /** Who opened the connection: its replies stand and fall with its first packet. */
  readonly initiator: Initiator;
  /** A packet of no tracked connection is judged by the rules of its own direction. */
  readonly stray: boolean;
}

export function policyVerdict(table: LookupTable, lookup: number, told: Told): PolicyVerdict {
  const { others, ...own } = table.lookups[lookup];
  const [first, ...rest] = [own, ...others.map((other) => table.lookups[other])].map((one) =>
    judge(
      { ...one, others: [] },
      {
        accountId: 0,
        // Only a refused stray has no state to pass by; for all others the action must not count.
        action: told.stray ? "REJECT" : null,
        logStatus: "OK",
        rejectReason: null,
        initiator: told.initiator,
        evidence: "none",
        admittedBy: -1,
        admittedOtherwise: -1,
        late: false,
        uncertain: false,
        stray: told.stray,
        related: false,
        unanswered: false,
      },
      table.lookups,
      table.matches,
    ),
  );
  const split = rest.some((one) => one.verdict !== first.verdict);
  return {
    verdict: split ? "undecided" : first.verdict,
    decidedBy: split ? null : first.decidedBy,
    naclRule: first.naclRule,
    sgRules: first.sgRules,
    sgPossible: first.sgPossible,
    unmodelled: unmodelled(first),
  };
}

function unmodelled(judgement: Judgement): boolean {
  return judgement.agreement === "unmodelled";
}
