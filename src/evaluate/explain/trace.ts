import type { Agreement, Cause, Decision, Evidence, Initiator, Layer, Verdict } from "../judgement.ts";
import type { Direction } from "../../policy/model.ts";
import type { FlowRecord } from "./record.ts";

/** Does a thing match? `perhaps` where the record or the model does not tell. */
export type Match = "yes" | "no" | "perhaps";

/** Why a rule matches only perhaps. */
export type Doubt = Extract<Cause, "icmp_type_unknown" | "unresolved_reference" | "nlb_client_ip" | "field_absent">;

/** One part of a rule held against the packet: `port 443 is in 443`, `10.0.1.5 is not in 10.0.2.0/24`. */
export interface Condition {
  readonly on: "protocol" | "port" | "icmp" | "peer";
  readonly matches: Match;
  readonly because: string;
}

/** One rule or entry that was looked at. Conditions stop at the first that rules it out. */
export interface RuleTrace {
  readonly ruleId: string;
  /** The rule in words: `allow tcp 443 from 0.0.0.0/0`. */
  readonly text: string;
  readonly description: string;
  readonly matches: Match;
  readonly conditions: readonly Condition[];
}

/** One layer: what it answered, what that rests on, and the rules it was asked for, in order. */
export interface LayerTrace {
  readonly layer: Layer;
  readonly decision: Decision;
  readonly because: string;
  /** The groups of the interface, or the network ACL of its subnet. */
  readonly owners: readonly string[];
  readonly rules: readonly RuleTrace[];
}

/** Something settled before the layers are asked, and what settled it. */
export interface Step {
  readonly about: "snapshot" | "interface" | "direction" | "peer" | "path" | "initiator" | "state";
  readonly answer: string;
  readonly because: string;
}

/** One configuration put to the record. */
export interface WalkTrace {
  readonly snapshot: string;
  readonly initiator: Initiator;
  readonly layers: readonly LayerTrace[];
  readonly verdict: Verdict;
  readonly decidedBy: Layer | null;
}

/** The answer for a record, in the words of the view `flows`. */
export interface NamedJudgement {
  readonly direction: Direction | null;
  readonly initiator: Initiator;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  /** Null for a flow that nobody logged. */
  readonly agreement: Agreement | null;
  readonly decidedBy: Layer | null;
  readonly cause: Cause | null;
  readonly layers: Readonly<Record<Layer, Decision | null>>;
  readonly naclRuleId: string | null;
  /** Every security group rule that admits the connection; and those that only may. */
  readonly sgRuleIds: readonly string[];
  readonly sgPossibleIds: readonly string[];
  readonly snapshot: string | null;
}

/** Everything that led to the answer for one record. */
export interface Explanation {
  readonly record: FlowRecord;
  readonly judgement: NamedJudgement;
  readonly steps: readonly Step[];
  /** Every configuration that was put to the record, in order; the last one gave the answer. */
  readonly walks: readonly WalkTrace[];
  readonly conclusion: string;
}
