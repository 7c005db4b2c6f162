import { type Command, InvalidArgumentError, Option } from "commander";
import type { BadLine } from "../../decode/decoder.ts";
import { ByteDictionary } from "../../decode/dense/dictionary.ts";
import { FurtherSets } from "../../decode/dense/further-sets.ts";
import { parseFieldList } from "../../decode/field-list.ts";
import { FlowBatch } from "../../decode/flow-batch.ts";
import { decodeObject } from "../../decode/object.ts";
import { AppError } from "../../errors.ts";
import { createExplainer } from "../../explain/explainer.ts";
import { explainFlow, type HypotheticalFlow } from "../../explain/hypothetical.ts";
import { type Explanation, type FlowRecord, recordsOf } from "../../explain/trace.ts";
import { loadModel } from "../../model/load.ts";
import type { Direction, Model } from "../../model/model.ts";
import type { Address } from "../../net/address.ts";
import { parseAddress } from "../../net/parse.ts";
import { ALL_PROTOCOLS, hasPorts, MAX_PORT, parseProtocol, protocolName } from "../../net/protocols.ts";
import { explanationRows, renderExplanations } from "../../report/explanation.ts";
import { renderJson } from "../../report/renderers/formats.ts";
import { EXIT } from "../failure.ts";
import { note } from "../notes.ts";
import { flagOf, parseTime, wholeNumber } from "../options.ts";
import { renderOptions, writeOutput } from "../output.ts";

interface ExplainOptions {
  readonly model?: string;
  readonly fields?: string;
  readonly output: "text" | "json";
  readonly interface?: string;
  readonly remote?: Address;
  readonly port?: number;
  readonly protocol?: number;
  readonly direction?: Direction;
  readonly localPort?: number;
  readonly remotePort?: number;
  readonly at?: number;
}

export function registerExplain(program: Command): void {
  program
    .command("explain")
    .summary("explain the verdict of a record, or of a flow that was not logged, layer by layer")
    .description(
      "Explains the verdict of a flow log record: the configuration, the direction, who opened the connection, and each layer" +
        " with every rule that was checked and why it matched or not. Records given together are judged together, so give" +
        " both directions of a connection. With --interface it explains a flow that was not logged.",
    )
    .argument("[record...]", "lines of a flow log; a header line before them names their fields")
    .option("--model <path>", "folder or file of `aws ec2 describe-*` JSON, or a folder of such folders (history)")
    .option("--fields <list>", "field list of the lines, in the order of the records")
    .addOption(new Option("--output <format>", "output format").choices(["text", "json"]).default("text"))
    .addOption(new Option("--interface <eni>", "explain a flow at this interface").argParser(readInterface))
    .addOption(new Option("--remote <address>", "address of its other end").argParser(readAddress))
    .addOption(new Option("--protocol <name>", "its protocol: tcp, udp, icmp or a number").argParser(readProtocol))
    .addOption(new Option("--port <port>", "destination port of the packet that opens it").argParser(readPort))
    .addOption(
      new Option("--direction <direction>", "direction of the packet that opens it").choices(["ingress", "egress"]),
    )
    .addOption(
      new Option("--local-port <port>", "client port at the interface, for an egress flow").argParser(readPort),
    )
    .addOption(
      new Option("--remote-port <port>", "client port at the other end, for an ingress flow").argParser(readPort),
    )
    .addOption(new Option("--at <time>", "judge it by the configuration of this time").argParser(parseTime))
    .action(runExplain);
}

async function runExplain(lines: readonly string[], options: ExplainOptions): Promise<void> {
  const flow = readFlow(lines, options);
  const records = flow === null ? await readRecords(lines, options.fields) : [];
  const model = options.model === undefined ? NO_MODEL : await loadModel(options.model);
  model.notes.forEach(note);
  const explanations = flow === null ? createExplainer(model).explain(records) : explainFlow(model, flow);
  const pieces =
    options.output === "json"
      ? renderJson(explanationRows(explanations))
      : renderExplanations(explanations, renderOptions({}));
  await writeOutput(pieces, undefined);
  if (!isJudged(explanations, options)) process.exitCode = EXIT.nothingToJudge;
}

const NO_MODEL: Model = { snapshots: [], notes: [] };

function isJudged(explanations: readonly Explanation[], { model }: ExplainOptions): boolean {
  if (model === undefined) return explanations.length > 0;
  return explanations.some(({ judgement }) => judgement.agreement !== "unmodelled");
}

async function readRecords(lines: readonly string[], fields: string | undefined): Promise<FlowRecord[]> {
  const interfaces = new ByteDictionary();
  const accounts = new ByteDictionary();
  const records: FlowRecord[] = [];
  const sink = {
    allocate: () => new FlowBatch(),
    batch: (batch: FlowBatch) => void records.push(...recordsOf(batch, interfaces.strings, accounts.strings)),
    badLine: (bad: BadLine): void => {
      throw new AppError("E_FORMAT", `not a flow log record (${bad.reason}): ${bad.text}`, {
        hint: "if it is not in the default format, give the field list with --fields, or the header line first",
      });
    },
  };
  const text = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${lines.join("\n")}\n`);
  };
  await decodeObject(text(), {
    interfaces,
    accounts,
    further: new FurtherSets(),
    fields: fields === undefined ? undefined : parseFieldList(fields),
    sink,
  });
  if (records.length === 0) throw new AppError("E_USAGE", "no record to explain", { hint: HOW });
  return records;
}

const HOW = "give a line of a flow log in quotes, or --interface, --remote, --protocol, --port and --direction";

/** Options that describe a flow at an interface and need `--interface`. */
const FLOW_OPTIONS = ["remote", "protocol", "port", "direction", "localPort", "remotePort", "at"] as const;

/** The flow that the options describe; null if lines are given instead. */
function readFlow(lines: readonly string[], options: ExplainOptions): HypotheticalFlow | null {
  const { interface: interfaceId, remote, protocol, direction, port, localPort, remotePort, at } = options;
  if (interfaceId === undefined) {
    const alone = FLOW_OPTIONS.find((name) => options[name] !== undefined);
    if (alone !== undefined) {
      throw new AppError("E_USAGE", `${flagOf(alone)} needs --interface`, { hint: HOW });
    }
    if (lines.length === 0) throw new AppError("E_USAGE", "nothing to explain", { hint: HOW });
    return null;
  }
  if (lines.length > 0) throw new AppError("E_USAGE", "give record lines or --interface, not both");
  if (options.fields !== undefined) throw new AppError("E_USAGE", "--fields is for record lines, not for --interface");
  if (remote === undefined || protocol === undefined || direction === undefined) {
    throw new AppError("E_USAGE", "--interface needs --remote, --protocol and --direction", { hint: HOW });
  }
  if (hasPorts(protocol) && port === undefined) {
    throw new AppError("E_USAGE", `--protocol ${protocolName(protocol)} needs --port`, { hint: HOW });
  }
  const ports = [port, localPort, remotePort].some((one) => one !== undefined);
  if (!hasPorts(protocol) && ports) {
    throw new AppError("E_USAGE", `${protocolName(protocol)} has no ports: omit --port`);
  }
  if (options.model === undefined)
    throw new AppError("E_USAGE", "--interface needs --model", { hint: "the model has the rules" });
  const [clientPort, other, name] =
    direction === "egress" ? [localPort, remotePort, "--remote-port"] : [remotePort, localPort, "--local-port"];
  if (other !== undefined) {
    throw new AppError("E_USAGE", `${name} would be the destination of an ${direction} flow`, {
      hint: "give it as --port",
    });
  }
  return {
    interfaceId,
    remote,
    direction,
    protocol,
    port: hasPorts(protocol) ? port! : null,
    clientPort: clientPort ?? null,
    at: at ?? null,
  };
}

function readInterface(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("give an interface id, such as eni-0123456789abcdef0");
  return text.trim();
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new InvalidArgumentError("give an IPv4 or IPv6 address");
  if (address.words.every((word) => word === 0)) throw new InvalidArgumentError(`${text} is not a host`);
  return address;
}

function readProtocol(text: string): number {
  const protocol = parseProtocol(text);
  if (protocol === null || protocol === ALL_PROTOCOLS) throw new InvalidArgumentError("give tcp, udp, icmp or 0-255");
  return protocol;
}

const readPort = wholeNumber(0, MAX_PORT);
