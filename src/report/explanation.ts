import type { Explanation, FlowRecord, LayerTrace, RuleTrace, WalkTrace } from "../explain/trace.ts";
import type { Cause } from "../judgement.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { protocolName } from "../net/protocols.ts";
import type { Plain, ResultStream } from "../store/evidence-query.ts";
import { type RenderOptions, visible } from "./renderers/renderer.ts";
import { hangingIndent } from "./renderers/table.ts";

const MARKS = { yes: "+", no: "-", perhaps: "?" } as const;
const COLUMN = 12;

/** Explanations for people: the answer, what it rests on, then every layer with every rule that was looked at. */
export async function* renderExplanations(
  explanations: readonly Explanation[],
  options: RenderOptions,
): AsyncGenerator<string> {
  for (const [at, explanation] of explanations.entries()) {
    if (at > 0) yield "\n";
    yield renderOne(explanation, options);
  }
}

function renderOne({ record, judgement, steps, walks, conclusion }: Explanation, options: RenderOptions): string {
  const { style, width } = options;
  const line = (name: string, text: string): string => hangingIndent(name.padEnd(COLUMN), visible(text), width);
  const { verdict, agreement, decidedBy, cause } = judgement;
  const open = verdict === "undecided";
  const decider = decidedBy && `${open ? "left open by" : "decided by"} ${decidedBy}`;
  const answer = [verdict, agreement === verdict ? null : agreement, decider, cause && `cause ${cause}`];
  const parts = [
    style.bold(hangingIndent("", visible(flowText(record)), width)),
    line("", `${record.interfaceId}${timeText(record)}`),
    line("answer", answer.filter((part) => part !== null).join(", ")),
    line("", conclusion),
    ...steps.map((step) => line(step.about, stepText(step.answer, step.because))),
    ...walks.map((walk, at) => renderWalk(walk, walks, at, options)),
  ];
  return parts.join("");
}

function stepText(answer: string, because: string): string {
  return because === "" ? answer : `${answer}: ${because}`;
}

/** The layers of one configuration; where several were put to the record, each says which and how it came out. */
function renderWalk(walk: WalkTrace, all: readonly WalkTrace[], at: number, options: RenderOptions): string {
  const tried = `under ${walk.snapshot}, opened by ${walk.initiator}: ${walk.verdict}`;
  const last = at === all.length - 1 ? ", which is the answer" : "";
  const title = all.length === 1 ? "" : `\n${hangingIndent("tried       ", visible(`${tried}${last}`), options.width)}`;
  return title + walk.layers.map((layer) => renderLayer(layer, options)).join("");
}

function renderLayer({ layer, decision, because, owners, rules }: LayerTrace, { style, width }: RenderOptions): string {
  const of = owners.length === 0 ? "" : ` (${owners.join(", ")})`;
  const head = hangingIndent(layer.padEnd(COLUMN), visible(`${decision}: ${because}${of}`), width);
  return `\n${style.bold(layer)}${head.slice(layer.length)}${rules.map((rule) => renderRule(rule, width)).join("")}`;
}

function renderRule({ ruleId, text, description, matches, conditions }: RuleTrace, width: number): string {
  const words = description === "" ? text : `${text} "${description}"`;
  // An id that is itself the rule in words need not be said twice.
  const why = conditions.map((condition) => condition.because).join("; ");
  return (
    hangingIndent(`  ${MARKS[matches]} `, visible(`${ruleId}  ${words}`), width) +
    hangingIndent("      ", visible(why), width)
  );
}

function flowText(record: FlowRecord): string {
  const { source, destination, packetSource, packetDestination, protocol, action, logStatus } = record;
  if (logStatus !== "OK") return logStatus;
  const end = (address: Address | null, packet: Address | null, port: number | null): string => {
    const shown = address === null ? "?" : formatAddress(address);
    const original = packet === null || formatAddress(packet) === shown ? "" : ` (packet ${formatAddress(packet)})`;
    return `${shown}${original}${port === null ? "" : ` port ${port}`}`;
  };
  const what = [action, protocol === null ? null : protocolName(protocol)].filter((part) => part !== null);
  const ports = protocol === 6 || protocol === 17;
  const from = end(source, packetSource, ports ? record.sourcePort : null);
  const to = end(destination, packetDestination, ports ? record.destinationPort : null);
  return `${what.join(" ")} ${from} -> ${to}`;
}

function timeText({ start, end, packets, tcpFlags }: FlowRecord): string {
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
  const parts: string[] = [];
  if (start !== null && end !== null) parts.push(start === end ? iso(start) : `${iso(start)} to ${iso(end)}`);
  if (packets !== null) parts.push(`${packets} ${packets === 1 ? "packet" : "packets"}`);
  if (tcpFlags !== null) parts.push(`tcp-flags ${tcpFlags}`);
  return parts.map((part) => `, ${part}`).join("");
}

/** Explanations as rows, for programs: the columns of the view `flows`, then how the answer came about. */
export function explanationRows(explanations: readonly Explanation[]): ResultStream {
  const rows = explanations.map(toRow);
  const chunks = async function* (): AsyncGenerator<Plain[][]> {
    yield rows.map((row) => Object.values(row));
  };
  const names = Object.keys(rows[0] ?? {});
  return { columns: names.map((name) => ({ name, type: "VARCHAR" })), chunks: chunks() };
}

function toRow({ record, judgement, steps, walks, conclusion }: Explanation): Record<string, Plain> {
  const { naclRuleId, sgRuleIds, sgPossibleIds, layers } = judgement;
  return {
    start_time: isoOrNull(record.start),
    end_time: isoOrNull(record.end),
    account_id: record.accountId,
    interface_id: record.interfaceId,
    direction: judgement.direction,
    initiator: judgement.initiator,
    initiator_evidence: judgement.evidence,
    srcaddr: addressText(record.source),
    dstaddr: addressText(record.destination),
    pkt_srcaddr: addressText(record.packetSource ?? record.source),
    pkt_dstaddr: addressText(record.packetDestination ?? record.destination),
    srcport: record.sourcePort,
    dstport: record.destinationPort,
    protocol: record.protocol,
    packets: record.packets,
    bytes: record.bytes,
    tcp_flags: record.tcpFlags,
    action: record.action,
    log_status: record.logStatus,
    verdict: judgement.verdict,
    agreement: judgement.agreement,
    decided_by: judgement.decidedBy,
    cause: judgement.cause,
    ...layers,
    nacl_rule_id: naclRuleId,
    sg_rule_ids: [...sgRuleIds].sort(),
    possible_sg_rule_ids: [...sgPossibleIds].sort(),
    snapshot: judgement.snapshot,
    conclusion,
    steps: steps.map((step) => ({ ...step })),
    walks: walks.map(walkRow),
  };
}

function walkRow({ snapshot, initiator, layers, verdict, decidedBy }: WalkTrace): Plain {
  return { snapshot, initiator, verdict, decided_by: decidedBy, layers: layers.map(layerRow) };
}

function layerRow({ layer, decision, because, owners, rules }: LayerTrace): Plain {
  const ruleRows = rules.map(({ ruleId, text, description, matches, conditions }) => ({
    rule_id: ruleId,
    text,
    description,
    matches,
    conditions: conditions.map((condition) => ({ ...condition })),
  }));
  return { layer, decision, because, owners: [...owners], rules: ruleRows };
}

function addressText(address: Address | null): string | null {
  return address === null ? null : formatAddress(address);
}

function isoOrNull(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** Each cause in a sentence, for readers who do not have the README at hand. */
const SENTENCES: Readonly<Record<Cause, string>> = {
  return_path_nacl:
    "A network ACL stopped the answer of a connection whose request had passed: it lacks the port range that clients receive on.",
  late_packet:
    "A packet that came after its connection was closed or forgotten by the connection tracker; the rules had admitted that connection.",
  no_tracked_connection:
    "A packet in the middle of a connection that the log never saw opening; judged by the rules of its own direction.",
  tracked_after_rule_change:
    "The connection was opened under a rule that is gone now; tracked connections outlive their rule.",
  config_changed_in_record:
    "The configuration changed while the record was collected; one of its two states explains it.",
  interface_from_other_snapshot:
    "Only an earlier or a later snapshot knows the interface; it was judged by that configuration.",
  block_public_access: "VPC Block Public Access rejected the traffic, before any rule was asked.",
  encryption_control: "An encryption control of the VPC rejected the traffic, before any rule was asked.",
  icmp_error_of_tracked_flow: "An ICMP error about a tracked connection, which passes with that connection.",
  icmp_type_unknown:
    "Records carry no ICMP type: whether a rule for certain types matched, or whether this was a router's error about a tracked flow, cannot be told.",
  unresolved_reference:
    "A rule refers to a prefix list or a group whose members the model does not know: whether it matched cannot be told.",
  nlb_client_ip:
    "The traffic comes through a Network Load Balancer that may preserve client addresses: which peer the rules saw cannot be told.",
  field_absent: "The record lacks a field that the judgement needs.",
  address_not_on_eni: "Neither address of the record belongs to the interface in the model, so it has no direction.",
  no_explanation:
    "Nothing in the log or the model explains it: the modelled configuration is probably not the one that was in force.",
};

/** Empty for a cause that is not known here. */
export function causeText(cause: string | null): string {
  return cause !== null && Object.hasOwn(SENTENCES, cause) ? SENTENCES[cause as Cause] : "";
}
