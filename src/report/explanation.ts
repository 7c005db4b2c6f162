import type { Explanation, FlowRecord, LayerTrace, RuleTrace, WalkTrace } from "../explain/trace.ts";
import { type Cause, CAUSE_TEXT } from "../judgement.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { protocolName } from "../net/protocols.ts";
import type { Plain, ResultStream } from "../store/evidence-query.ts";
import { isoTime, plural } from "../text.ts";
import { type RenderOptions, visible } from "./renderers/renderer.ts";
import { hangingIndent } from "./renderers/text-layout.ts";
import { streamOf } from "./rows.ts";

const MARKS = { yes: "+", no: "-", perhaps: "?" } as const;
const COLUMN = 12;

/** Explanations for people: the answer, its reasons, then every layer with every rule that was checked. */
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
    ...steps.map(({ about, answer: said, because }) => line(about, because === "" ? said : `${said}: ${because}`)),
    ...walks.map((walk, at) => renderWalk(walk, walks, at, options)),
  ];
  return parts.join("");
}

/** The layers of one configuration. If several were tried, each has a title with the result. */
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
  const parts: string[] = [];
  if (start !== null && end !== null)
    parts.push(start === end ? isoTime(start) : `${isoTime(start)} to ${isoTime(end)}`);
  if (packets !== null) parts.push(plural(packets, "packet"));
  if (tcpFlags !== null) parts.push(`tcp-flags ${tcpFlags}`);
  return parts.map((part) => `, ${part}`).join("");
}

/** Explanations as rows, for programs: the columns of the view `flows`, then the steps and layers behind the answer. */
export function explanationRows(explanations: readonly Explanation[]): ResultStream {
  const rows = explanations.map(toRow);
  return streamOf({
    columns: Object.keys(rows[0] ?? {}).map((name) => ({ name, type: "VARCHAR" })),
    rows: rows.map((row) => Object.values(row)),
  });
}

function toRow({ record, judgement, steps, walks, conclusion }: Explanation): Record<string, Plain> {
  const { naclRuleId, sgRuleIds, sgPossibleIds, layers } = judgement;
  return {
    start_time: isoTime(record.start),
    end_time: isoTime(record.end),
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
    sg_possible_rule_ids: [...sgPossibleIds].sort(),
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

/** A cause in a sentence; empty for an unknown one. */
export function causeSentence(cause: string | null): string {
  if (cause === null || !Object.hasOwn(CAUSE_TEXT, cause)) return "";
  const text = CAUSE_TEXT[cause as Cause];
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
