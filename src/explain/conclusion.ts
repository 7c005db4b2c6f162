import { type Agreement, type Cause, CAUSE_TEXT, type Decision, type Layer, type Verdict } from "../judgement.ts";
import type { Direction } from "../model/model.ts";
import { formatAddress } from "../net/address.ts";
import { formatPorts, protocolName } from "../net/protocols.ts";
import { plural } from "../text.ts";
import { isAclLayer, isStoppedReply, type PassingPorts, type Walk } from "./layers.ts";
import type { AdmittingRules } from "./possible-openers.ts";
import type { ReasonedInitiator } from "./record-state.ts";
import type { Explanation, FlowRecord, NamedJudgement, Step, WalkTrace } from "./trace.ts";

const NO_LAYERS: Readonly<Record<Layer, Decision | null>> = {
  nacl_in: null,
  sg_in: null,
  sg_out: null,
  nacl_out: null,
};

/** The explanation of a record for which no layer is asked. */
export function noAnswer(
  record: FlowRecord,
  agreement: Agreement,
  cause: Cause | null,
  steps: readonly Step[],
  known: Partial<Pick<NamedJudgement, "snapshot" | "direction" | "initiator" | "evidence" | "sgPossibleIds">> = {},
): Explanation {
  const judgement: NamedJudgement = {
    direction: null,
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
    snapshot: null,
    ...known,
  };
  const conclusion = {
    no_data: `log-status ${record.logStatus}: ${record.logStatus === "NODATA" ? "there was no traffic" : "records were lost"}`,
    unmodelled: "the interface is not in the model, so nothing can be said",
  }[agreement as string];
  return { record, judgement, steps, walks: [], conclusion: conclusion ?? (cause === null ? "" : CAUSE_TEXT[cause]) };
}

interface JudgedRecord {
  readonly direction: Direction;
  readonly reasoned: ReasonedInitiator;
  readonly steps: readonly Step[];
  readonly walks: readonly WalkTrace[];
  /** The walk that gives the answer, and the snapshot that it went through. */
  readonly walk: Walk;
  readonly rules: AdmittingRules;
  readonly snapshot: string;
  readonly agreement: Agreement | null;
  readonly cause: Cause | null;
}

/** The explanation of a record for which the layers were asked. */
export function explanationOf(record: FlowRecord, answered: JudgedRecord): Explanation {
  const { direction, reasoned, steps, walks, walk, rules, snapshot, agreement, cause } = answered;
  const layers = { ...NO_LAYERS };
  for (const { layer, decision } of walk.layers) layers[layer] = decision;
  const { initiator, evidence, because } = reasoned;
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
    sgRuleIds: rules.certain,
    sgPossibleIds: rules.possible,
    snapshot,
  };
  return {
    record,
    judgement,
    steps: [...steps, { about: "initiator", answer: initiator, because }],
    walks,
    // Lazy: the tests that compare the evaluators never read it.
    get conclusion() {
      return sentence(judgement, walk, record);
    },
  };
}

function sentence(
  { agreement, verdict, cause, direction }: NamedJudgement,
  walk: Walk,
  { action }: FlowRecord,
): string {
  if (agreement === "unmodelled") return ofUnknownInterface(walk);
  if (cause === "return_path_nacl" && walk.passing) return stoppedReply(walk.passing());
  if (cause === "field_absent" && agreement === null && walk.passing) return unknownPort(walk.passing(), direction);
  const why = verdict === "deny" ? denial(walk) : verdict === "allow" ? passage(walk) : "it cannot tell";
  if (cause !== null) {
    const mismatch = agreement === "unexpected_accept" || agreement === "unexpected_reject";
    return mismatch ? `the log says ${action}, but ${why}; ${CAUSE_TEXT[cause]}` : CAUSE_TEXT[cause];
  }
  if (agreement === null) return why;
  const agrees = `the log says ${action}, and so does the model`;
  return agreement !== "agree" ? "the model cannot tell" : verdict === "deny" ? `${agrees}: ${why}` : agrees;
}

/** What the place of an unknown interface shows: the network ACL let the packet pass, or the record never met one. */
function ofUnknownInterface({ layers, groups }: Walk): string {
  const acl = layers.find(({ layer }) => isAclLayer(layer));
  const passed = acl?.decision === "allow" ? "the network ACL of its subnet lets it pass; " : "";
  const rules = groups?.possible.length ?? 0;
  return `the interface is not in the model: ${passed}${plural(rules, "rule")} of the VPC's groups may match`;
}

function passage({ layers, decidedBy }: Walk): string {
  return decidedBy === null ? `no layer applies: ${layers[0]?.because}` : "every layer lets it pass";
}

/** What denied it: the entry, or all groups together. */
function denial({ layers, decidedBy, naclRuleId }: Walk): string {
  if (isAclLayer(decidedBy)) return `${naclRuleId ?? "the network ACL"} denies it`;
  const owners = layers.find(({ layer }) => layer === decidedBy)?.owners ?? [];
  return `no rule of ${owners.join(", ")} lets it ${decidedBy === "sg_in" ? "in" : "out"}`;
}

function stoppedReply(passing: PassingPorts): string {
  const { aclId, peer, port } = passing;
  const but = port === null ? "" : `, not ${port}`;
  return `${aclId} stops the reply: with ${formatAddress(peer)} it lets ${portsText(passing)} pass${but}`;
}

function unknownPort(passing: PassingPorts, direction: Direction | null): string {
  const option = direction === "egress" ? "--remote-port" : "--local-port";
  const with_ = `with ${formatAddress(passing.peer)} ${passing.aclId} lets ${portsText(passing)} pass`;
  return `the client's port is not known (${option}): ${with_}`;
}

function portsText({ protocol, ports }: PassingPorts): string {
  const name = protocolName(protocol);
  return ports.length === 0 ? `no ${name} port` : `${name} port ${ports.map(formatPorts).join(", ")}`;
}

/** What the cause depends on, beside the layers. */
export interface RecordState {
  readonly record: FlowRecord;
  /** Not the configuration at the record's start explains it, but another one. */
  readonly changed: boolean;
  /** Only snapshots that were not in force have the interface. */
  readonly elsewhere: boolean;
  readonly outOfState: boolean;
  /** A REJECT after the last accepted record of its connection. */
  readonly late: boolean;
}

export function consistent(verdict: Verdict, action: FlowRecord["action"]): boolean {
  return action === null || verdict === (action === "ACCEPT" ? "allow" : "deny");
}

/** The verdict says the opposite of the action; an undecided one does not. */
export function contradicts(verdict: Verdict, action: FlowRecord["action"]): boolean {
  return verdict !== "undecided" && !consistent(verdict, action);
}

export function agreementOf(verdict: Verdict, action: FlowRecord["action"]): Agreement {
  if (verdict === "undecided" || action === null) return "undecided";
  if (consistent(verdict, action)) return "agree";
  return action === "ACCEPT" ? "unexpected_accept" : "unexpected_reject";
}

/** Why the record disagrees with the model, or why it agrees only on a second look. */
export function causeOf(walk: Walk, agreement: Agreement, state: RecordState): Cause | null {
  const { action, rejectReason } = state.record;
  if (state.changed) return "config_changed_in_record";
  if (agreement === "unexpected_reject") {
    if (rejectReason === "BPA") return "block_public_access";
    if (rejectReason === "EC") return "encryption_control";
    if (state.late) return "late_packet";
    if (state.outOfState) return "no_tracked_connection";
  }
  if (agreement === "unexpected_accept" || agreement === "unexpected_reject") {
    if (state.elsewhere) return "interface_from_other_snapshot";
    return agreement === "unexpected_accept" && state.outOfState ? "no_tracked_connection" : "no_explanation";
  }
  if (agreement === "undecided" && action === null) return "field_absent";
  if (isStoppedReply(walk)) return "return_path_nacl";
  return state.elsewhere ? "interface_from_other_snapshot" : walk.cause;
}
