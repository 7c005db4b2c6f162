import type { FlowRecord } from "../evaluate/explain/record.ts";
import type { Explanation, LayerTrace, RuleTrace, WalkTrace } from "../evaluate/explain/trace.ts";
import { formatAddress, type Address } from "../net/address.ts";
import { protocolName } from "../net/protocols.ts";
import { type RenderOptions, visible } from "./renderers/renderer.ts";
import { hangingIndent } from "./renderers/wrap.ts";

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
