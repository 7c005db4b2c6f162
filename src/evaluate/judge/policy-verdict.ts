import type { Cause, Initiator, Judgement, Layer, Verdict } from "../../judgement.ts";
import { type LookupTable, NOT_ASKED } from "../lookup/policy-lookup.ts";
import { judge } from "./judge.ts";

/** What a configuration alone says of a record: the outcome in the log plays no part. */
export interface PolicyVerdict {
  /** `undecided` also where a record straddles a change and the two configurations differ. */
  readonly verdict: Verdict;
  readonly decidedBy: Layer | null;
  /** Why it is undecided; `interface_not_in_model` if only the place of the interface is known. */
  readonly cause: Cause | "interface_not_in_model" | null;
  /** Indices into `ruleIds`: the network ACL entry that decides, -1 for none, and the group rules that admit. */
  readonly naclRule: number;
  readonly sgRules: readonly number[];
  /** Group rules that may admit it (ICMP types, references that cannot be resolved). */
  readonly sgPossible: readonly number[];
  /** The configuration knows neither the interface nor its place. */
  readonly unmodelled: boolean;
}

export interface ConnectionFacts {
  /** Who opened the connection: its replies pass if its first packet does. */
  readonly initiator: Initiator;
  /** A packet of no tracked connection is judged by the rules of its own direction. */
  readonly outOfState: boolean;
}

export function policyVerdict(table: LookupTable, lookup: number, known: ConnectionFacts): PolicyVerdict {
  const facts = {
    accountId: 0,
    // Only a rejected out-of-state packet has no state to pass by; for all others the action must not count.
    action: known.outOfState ? "REJECT" : null,
    logStatus: "OK",
    rejectReason: null,
    initiator: known.initiator,
    evidence: "none",
    openingMatch: NOT_ASKED,
    openingIfOther: NOT_ASKED,
    late: false,
    uncertain: false,
    outOfState: known.outOfState,
    related: false,
    unanswered: false,
    openers: "one",
  } as const;
  const { lookups } = table;
  const [first, ...rest] = [lookup, ...lookups[lookup].others].map((one) =>
    judge({ ...lookups[one], others: [] }, facts, table),
  );
  const split = rest.some((one) => one.verdict !== first.verdict);
  return {
    verdict: split ? "undecided" : first.verdict,
    decidedBy: split ? null : first.decidedBy,
    cause: split ? "config_changed_in_record" : first.verdict === "undecided" ? causeOf(first) : null,
    naclRule: first.naclRule,
    sgRules: first.sgRules,
    sgPossible: first.sgPossible,
    unmodelled: first.snapshot < 0,
  };
}

function causeOf({ agreement, snapshot, cause }: Judgement): PolicyVerdict["cause"] {
  return agreement === "unmodelled" && snapshot >= 0 ? "interface_not_in_model" : cause;
}
