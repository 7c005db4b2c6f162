import type { Agreement, Cause, Decision, Layer } from "../judgement.ts";
import type { Direction } from "../../policy/model.ts";
import type { Opener } from "./circumstances.ts";
import type { Walk } from "./layers.ts";
import type { FlowRecord } from "./record.ts";
import type { Explanation, NamedJudgement, Step, WalkTrace } from "./trace.ts";
import { CAUSE_TEXT } from "./verdict.ts";

const NO_LAYERS: Readonly<Record<Layer, Decision | null>> = {
  nacl_in: null,
  sg_in: null,
  sg_out: null,
  nacl_out: null,
};

/** The explanation of a record that no layer is asked for. */
export function noAnswer(
  record: FlowRecord,
  agreement: Agreement,
  cause: Cause | null,
  steps: readonly Step[],
  snapshot: string | null = null,
  direction: Direction | null = null,
): Explanation {
  const judgement: NamedJudgement = {
    direction,
    initiator: "unknown",
    evidence: "none",
    verdict: "undecided",
    agreement,
    decidedBy: null,
    cause,
    layers: NO_LAYERS,
    naclRuleId: null,
    sgRuleIds: [],
    sgPossibleIds: [],
    snapshot,
  };
  const conclusion = {
    no_data: `log-status ${record.logStatus}: ${record.logStatus === "NODATA" ? "there was no traffic" : "records were lost"}`,
    unmodelled: "the interface is not in the model, so nothing can be said",
  }[agreement as string];
  return { record, judgement, steps, walks: [], conclusion: conclusion ?? (cause === null ? "" : CAUSE_TEXT[cause]) };
}

interface Answered {
  readonly direction: Direction;
  readonly opener: Opener;
  readonly steps: readonly Step[];
  readonly walks: readonly WalkTrace[];
  /** The walk that gives the answer, and the configuration it went through. */
  readonly walk: Walk;
  readonly snapshot: string;
  readonly agreement: Agreement | null;
  readonly cause: Cause | null;
}

/** The explanation of a record whose layers were asked. */
export function explanationOf(record: FlowRecord, answered: Answered): Explanation {
  const { direction, opener, steps, walks, walk, snapshot, agreement, cause } = answered;
  const layers = { ...NO_LAYERS };
  for (const { layer, decision } of walk.layers) layers[layer] = decision;
  const { initiator, evidence, because } = opener;
  const judgement: NamedJudgement = {
    direction,
    initiator,
    evidence,
    verdict: walk.verdict,
    agreement,
    decidedBy: walk.decidedBy,
    cause,
    layers,
    naclRuleId: walk.naclRuleId,
    sgRuleIds: walk.groups?.rules ?? [],
    sgPossibleIds: walk.groups?.possible ?? [],
    snapshot,
  };
  return {
    record,
    judgement,
    steps: [...steps, { about: "initiator", answer: initiator, because }],
    walks,
    conclusion: cause === null ? sentence(judgement, record) : CAUSE_TEXT[cause],
  };
}

function sentence({ agreement, verdict }: NamedJudgement, { action }: FlowRecord): string {
  if (agreement === null) return verdict === "allow" ? "every layer lets it pass" : "a layer denies it";
  return agreement === "agree" ? `the log says ${action}, and so does the model` : "the model cannot tell";
}
