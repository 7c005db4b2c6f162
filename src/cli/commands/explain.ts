import { type Command, InvalidArgumentError, Option } from "commander";
import { ByteDictionary } from "../../decode/dense/dictionary.ts";
import { parseFieldList } from "../../decode/fields.ts";
import type { BadLine } from "../../decode/decoder.ts";
import { FlowBatch } from "../../decode/flow-batch.ts";
import { decodeObject } from "../../decode/object.ts";
import { AppError } from "../../errors.ts";
import { createExplainer } from "../../explain/explainer.ts";
import { explainFlow, type HypotheticalFlow } from "../../explain/hypothetical.ts";
import { type Explanation, type FlowRecord, recordsOf } from "../../explain/trace.ts";
import type { Address } from "../../net/address.ts";
import { parseAddress } from "../../net/parse.ts";
import { ALL_PROTOCOLS, hasPorts, MAX_PORT, parseProtocol, protocolName } from "../../net/protocols.ts";
import { loadModel } from "../../model/load.ts";
import type { Direction, Model } from "../../model/model.ts";
import { explanationRows, renderExplanations } from "../../report/explanation.ts";
import { renderJson } from "../../report/renderers/formats.ts";
import { visible } from "../../report/renderers/renderer.ts";
import { EXIT } from "../failure.ts";
import { renderOptions, writeOutput } from "../output.ts";
import { parseTime } from "../options.ts";

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
    .summary("every layer and every rule looked at for a record, or for a flow that nobody logged")
    .description(
      "Explains the verdict of a flow log record: configuration, direction, who began, each layer with every rule that" +
        " was looked at and why it matched or not. Records given together are judged together, so that the two" +
        " directions of a connection serve each other. With --interface it explains a flow that nobody logged.",
    )
    .argument("[record...]", "lines as they stand in a flow log; a header line before them names their fields")
    .option("--model <path>", "folder (or file) of `aws ec2 describe-*` JSON, or a history of such folders")
    .option("--fields <list>", "field list of the lines, in record order")
    .addOption(new Option("--output <format>", "how to print").choices(["text", "json"]).default("text"))
    .addOption(new Option("--interface <eni>", "explain a flow at this interface").argParser(readInterface))
    .addOption(new Option("--remote <address>", "its other end").argParser(readAddress))
    .addOption(new Option("--protocol <name>", "its protocol: tcp, udp, icmp, a number").argParser(readProtocol))
    .addOption(new Option("--port <port>", "destination port of the packet that opens it").argParser(readPort))
    .addOption(new Option("--direction <direction>", "of the packet that opens it").choices(["ingress", "egress"]))
    .addOption(new Option("--local-port <port>", "client port at the interface, of an egress flow").argParser(readPort))
    .addOption(
      new Option("--remote-port <port>", "client port at the other end, of an ingress flow").argParser(readPort),
    )
    .addOption(new Option("--at <time>", "under the configuration of this time").argParser(parseTime))
    .action(runExplain);
}

async function runExplain(lines: readonly string[], options: ExplainOptions): Promise<void> {
  const flow = readFlow(lines, options);
  const records = flow === null ? await readRecords(lines, options.fields) : [];
  const model = options.model === undefined ? NO_MODEL : await loadModel(options.model);
  for (const note of model.notes) process.stderr.write(`note: ${visible(note)}\n`);
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
        hint: "for another than the default format give the field list with --fields, or its header line first",
      });
    },
  };
  const text = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${lines.join("\n")}\n`);
  };
  await decodeObject(text(), {
    interfaces,
    accounts,
    fields: fields === undefined ? undefined : parseFieldList(fields),
    sink,
  });
  if (records.length === 0) throw new AppError("E_USAGE", "there is no record to explain", { hint: HOW });
  return records;
}

const HOW = "give a line of a flow log in quotes, or --interface, --remote, --protocol, --port and --direction";

/** What describes a flow at an interface, and means nothing without one. */
const FLOW_OPTIONS = ["remote", "protocol", "port", "direction", "localPort", "remotePort", "at"] as const;

/** The flow of the options; null when lines are given instead. */
function readFlow(lines: readonly string[], options: ExplainOptions): HypotheticalFlow | null {
  const { interface: interfaceId, remote, protocol, direction, port, localPort, remotePort, at } = options;
  if (interfaceId === undefined) {
    const alone = FLOW_OPTIONS.find((name) => options[name] !== undefined);
    if (alone !== undefined) {
      const flag = `--${alone.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
      throw new AppError("E_USAGE", `${flag} needs --interface`, { hint: HOW });
    }
    if (lines.length === 0) throw new AppError("E_USAGE", "there is nothing to explain", { hint: HOW });
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
    throw new AppError("E_USAGE", `${protocolName(protocol)} has no ports: leave --port out`);
  }
  if (options.model === undefined)
    throw new AppError("E_USAGE", "--interface needs --model", { hint: "the rules are there" });
  const [clientPort, other, name] =
    direction === "egress" ? [localPort, remotePort, "--remote-port"] : [remotePort, localPort, "--local-port"];
  if (other !== undefined) {
    throw new AppError("E_USAGE", `${name} is the destination of an ${direction} flow`, { hint: "give it as --port" });
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
  if (address.words.every((word) => word === 0)) throw new InvalidArgumentError(`${text} is no host`);
  return address;
}

function readProtocol(text: string): number {
  const protocol = parseProtocol(text);
  if (protocol === null || protocol === ALL_PROTOCOLS) throw new InvalidArgumentError("give tcp, udp, icmp or 0-255");
  return protocol;
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > MAX_PORT) throw new InvalidArgumentError("give a port from 0 to 65535");
  return port;
}
