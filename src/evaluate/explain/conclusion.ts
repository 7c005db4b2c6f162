import type { Agreement, Cause, Decision, Layer } from "../judgement.ts";
import type { Direction } from "../../policy/model.ts";
import type { Opener } from "./circumstances.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPorts } from "../../net/ports.ts";
import { protocolName } from "../../net/protocols.ts";
import type { PassingPorts, Walk } from "./layers.ts";
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
    // Made when it is asked for: the oracle of the fast evaluator never does.
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

/** What denied: the entry, or all the groups together. */
function denial({ layers, decidedBy, naclRuleId }: Walk): string {
  if (decidedBy === "nacl_in" || decidedBy === "nacl_out") return `${naclRuleId ?? "the network ACL"} denies it`;
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
