import type { Agreement, Cause, Decision, Layer, Verdict } from "../judgement.ts";
import type { Direction } from "../model/model.ts";
import { formatAddress } from "../net/address.ts";
import { formatPorts, protocolName } from "../net/protocols.ts";
import { isAclLayer, isStoppedReply, type PassingPorts, type Walk } from "./layers.ts";
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

interface JudgedRecord {
  readonly direction: Direction;
  readonly reasoned: ReasonedInitiator;
  readonly steps: readonly Step[];
  readonly walks: readonly WalkTrace[];
  /** The walk that gives the answer, and the snapshot that it went through. */
  readonly walk: Walk;
  readonly snapshot: string;
  readonly agreement: Agreement | null;
  readonly cause: Cause | null;
}

/** The explanation of a record for which the layers were asked. */
export function explanationOf(record: FlowRecord, answered: JudgedRecord): Explanation {
  const { direction, reasoned, steps, walks, walk, snapshot, agreement, cause } = answered;
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
    sgRuleIds: walk.groups?.rules ?? [],
    sgPossibleIds: walk.groups?.possible ?? [],
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

/** A sentence for each cause. */
const CAUSE_TEXT: Readonly<Record<Cause, string>> = {
  return_path_nacl: "the network ACL stops the reply of a connection that the groups let pass",
  late_packet: "a packet after the last accepted one of its connection: closed, or idle for too long",
  no_tracked_connection: "a packet of no tracked connection, judged by the rules of its own direction",
  tracked_after_rule_change: "the connection was tracked when its rule was removed, and goes on",
  config_changed_in_record:
    "the configuration changed during the record; another one than that at its start explains it",
  interface_from_other_snapshot:
    "the configuration in force does not know the interface; the nearest that does was asked",
  block_public_access: "VPC Block Public Access rejected it (reject-reason BPA), not a group or network ACL",
  encryption_control: "encryption controls rejected it (reject-reason EC), not a group or network ACL",
  icmp_error_of_tracked_flow: "an ICMP error about a tracked flow passes with it",
  icmp_type_unknown: "the ICMP type matters, and records carry none",
  unresolved_reference: "a group, prefix list or network ACL that matters is not in the model",
  nlb_client_ip: "a rule names the group of a network load balancer, which may hand on the client's address",
  field_absent: "the record lacks a field that matters",
  address_not_on_eni: "neither side of the record is an address of the interface",
  no_explanation: "nothing in the model or the log explains it",
};
