import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { createRandom, idOf } from "../../bench/generate/random.ts";
import { createChance } from "./chance.ts";
import { play } from "./director.ts";
import type { Documents } from "./documents.ts";
import type { Network } from "./network.ts";
import { aggregate, type FlowRecord, mergeForDefaultFormat } from "./records.ts";
import { type Scenario, SECONDS, START } from "./scenario.ts";
import { type Truth, truthOf } from "./truth.ts";

export interface Capture {
  readonly scenario: Scenario;
  readonly network: Network;
  readonly records: readonly FlowRecord[];
  readonly truth: Truth;
}

const ACCOUNT = "123456789012";
const HEADERS = {
  v2: "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
  v5: "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags pkt-srcaddr pkt-dstaddr flow-direction",
} as const;
export type Format = keyof typeof HEADERS;

interface Line {
  readonly text: string;
  readonly end: number;
  readonly place: (where: [string, number]) => void;
}

/** Plays the scenario and writes what a flow log in both formats would hold, below `folder`: v2/, v5/, config/ or history/. */
export function writeCapture(scenario: Scenario, seed: number, folder: string): Capture {
  const network = play(scenario, createChance(seed));
  const offsets = new Map<string, number>();
  const offset = createRandom(seed + 1);
  const offsetOf = (eni: string): number => {
    if (!offsets.has(eni)) offsets.set(eni, offset.below(60));
    return offsets.get(eni)!;
  };
  const records = aggregate(network, offsetOf);
  const truth = truthOf(records, network, scenario.epochs);
  const silent = silences(records, scenario.epochs.at(-1)!.documents);
  const v5 = records.map((record, at): Line => ({
    text: `5 ${recordText(record)} ${record.protocol === 6 ? record.flags : 0} ${record.src} ${record.dst} ${record.dir}`,
    end: record.end,
    place: (where) => (truth.records[at].v5 = where),
  }));
  const number = new Map(records.map((record, at) => [record, at]));
  const v2 = mergeForDefaultFormat(records, offsetOf).map((same): Line => ({
    text: `2 ${recordText(sumOf(same))}`,
    end: Math.max(...same.map(({ end }) => end)),
    place: (where) => same.forEach((one) => (truth.records[number.get(one)!].v2 = where)),
  }));
  writeObjects(folder, "v5", [...v5, ...silent.map((one) => noData(one, "5", " - - - -"))], seed);
  writeObjects(folder, "v2", [...v2, ...silent.map((one) => noData(one, "2", ""))], seed);
  if (scenario.epochs.length === 1) writeModel(join(folder, "config"), scenario.epochs[0].documents);
  for (const { from, documents } of scenario.epochs.length === 1 ? [] : scenario.epochs) {
    const name = new Date(from * 1000).toISOString().slice(0, 19).replaceAll(":", "-");
    writeModel(join(folder, "history", `${name}Z`), documents);
  }
  writeFileSync(join(folder, "truth.json.gz"), gzipSync(JSON.stringify(truth)));
  return { scenario, network, records, truth };
}

/** Path of the model that `writeCapture` wrote. */
export function modelOf({ epochs }: Scenario, folder: string): string {
  return join(folder, epochs.length === 1 ? "config" : "history");
}

/** One file for each kind of answer, as the CLI prints them. */
export function writeModel(folder: string, documents: Documents): void {
  mkdirSync(folder, { recursive: true });
  const { PrefixLists, ...others } = documents;
  for (const [key, list] of Object.entries(others)) {
    writeFileSync(join(folder, `${key}.json`), JSON.stringify({ [key]: list }, null, 1));
  }
  for (const { PrefixListId, Entries } of PrefixLists) {
    writeFileSync(join(folder, `${PrefixListId}.json`), JSON.stringify({ Entries }));
  }
}

function recordText(record: FlowRecord): string {
  const { eni, logged, srcport, dstport, protocol, packets, bytes, start, end, action } = record;
  return `${ACCOUNT} ${eni} ${logged.src} ${logged.dst} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} OK`;
}

function sumOf(same: readonly FlowRecord[]): FlowRecord {
  if (same.length === 1) return same[0];
  const sum = (value: (one: FlowRecord) => number): number => same.reduce((total, one) => total + value(one), 0);
  return {
    ...same[0],
    packets: sum(({ packets }) => packets),
    bytes: sum(({ bytes }) => bytes),
    start: Math.min(...same.map(({ start }) => start)),
    end: Math.max(...same.map(({ end }) => end)),
  };
}

interface Silence {
  readonly eni: string;
  readonly minute: number;
}

/** Minutes in which an interface had no packet: a NODATA record each. */
function silences(records: readonly FlowRecord[], { NetworkInterfaces }: Documents): Silence[] {
  const heard = new Set(
    records.flatMap(({ eni, start, end }) => [start, end].map((time) => `${eni}|${Math.floor(time / 60)}`)),
  );
  const minutes = Array.from({ length: SECONDS / 60 }, (_, at) => START / 60 + at);
  return NetworkInterfaces.flatMap(({ NetworkInterfaceId: eni }) =>
    minutes.filter((minute) => !heard.has(`${eni}|${minute}`)).map((minute) => ({ eni, minute })),
  );
}

function noData({ eni, minute }: Silence, version: string, tail: string): Line {
  const text = `${version} ${ACCOUNT} ${eni} - - - - - - - ${minute * 60} ${minute * 60 + 59} - NODATA${tail}`;
  return { text, end: minute * 60 + 59, place: () => {} };
}

/** Objects of five minutes by the records' end, two of each, lines in any order. */
function writeObjects(folder: string, format: Format, lines: readonly Line[], seed: number): void {
  const chance = createChance(seed + (format === "v2" ? 2 : 3));
  const objects = new Map<string, Line[]>();
  for (const line of chance.shuffled(lines)) {
    const time = new Date(Math.floor(line.end / 300) * 300_000).toISOString();
    const stamp = `${time.slice(0, 10).replaceAll("-", "")}T${time.slice(11, 16).replace(":", "")}Z`;
    const log = idOf(seed, "fl", format === "v2" ? 2 : 5);
    const name = `${ACCOUNT}_vpcflowlogs_us-east-1_${log}_${stamp}_${chance.often(50) ? "3f9ac210" : "b77d04e1"}.log.gz`;
    const path = join(
      folder,
      format,
      "AWSLogs",
      ACCOUNT,
      "vpcflowlogs/us-east-1",
      time.slice(0, 10).replaceAll("-", "/"),
      name,
    );
    const list = objects.get(path) ?? [];
    list.push(line);
    objects.set(path, list);
    // Line 1 is the header.
    line.place([name, list.length + 1]);
  }
  for (const [path, list] of objects) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, gzipSync(`${HEADERS[format]}\n${list.map(({ text }) => text).join("\n")}\n`));
  }
}
