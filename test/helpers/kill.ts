import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { OPENED_BY } from "../../src/evaluate/conntrack/entry-layout.ts";
import { unpackEntries } from "../../src/evaluate/dense/packed-entries.ts";
import { loadTracker } from "../../src/store/stored-state.ts";
import { sample } from "./samples.ts";

const REPLAY = new URL("../../dist/replay.js", import.meta.url).href;
/** With these 50 objects: a segment every two objects, a commit every four, and a last one for the rest. */
const PACE = { segmentRows: 2000, commitRows: 4000 };

/** Where a run is to be killed: so many milliseconds after its start, or at the n-th time it writes to its files. */
export type KillPoint = { readonly afterMs: number } | { readonly atWrite: number };

export interface Run {
  readonly killed: boolean;
  readonly ms: number;
  /** Times that the evidence file, or its log of commits, was seen to be written. */
  readonly writes: number;
  readonly stderr: string;
}

/** 50 objects of about a thousand records, in order of time, some lines of them broken. */
export function writeFiftyObjects(folder: string): void {
  mkdirSync(folder);
  const v2 = sample("production-vpc/v2");
  const files = readdirSync(v2, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".gz"));
  const text = files.map((name) => gunzipSync(readFileSync(join(v2, name))).toString()).join("");
  const records = text.split("\n").filter((line) => line.startsWith("2 "));
  const lines = [0, 1, 2].flatMap((round) =>
    records.map((line) =>
      line.replace(/ (\d{10}) (\d{10}) /, (_, a, b) => ` ${+a + round * 900} ${+b + round * 900} `),
    ),
  );
  const each = Math.ceil(lines.length / 50);
  for (let object = 0; object < 50; object++) {
    const part = lines.slice(object * each, (object + 1) * each);
    if (object % 7 === 0) part.push(`2 broken line of object ${object}`);
    const time = new Date(Date.UTC(2025, 2, 4, 9, object)).toISOString().replaceAll(/[-:]/g, "").slice(0, 13);
    writeFileSync(join(folder, `1_vpcflowlogs_eu-west-1_fl-1_${time}Z_a.log.gz`), gzipSync(part.join("\n")));
  }
}

/** Replays the objects into `db` in a process of its own: the built program below its command line, with small commits. */
function startReplay(logs: string, db: string): ChildProcess {
  const options = {
    sources: [logs],
    model: sample("production-vpc/config"),
    db,
    keepFlows: true,
    workers: 2,
    aws: {},
    toolVersion: "test",
    pace: PACE,
  };
  const call = `replay(${JSON.stringify(options)}, { note() {}, progress() {} })`;
  const script = `import(${JSON.stringify(REPLAY)}).then(({ replay }) => ${call});`;
  return spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "pipe"] });
}

/** Runs a replay and kills it (SIGKILL: nothing of it runs any more) where it is told to. */
export async function replayUntil(logs: string, db: string, point?: KillPoint): Promise<Run> {
  const started = performance.now();
  const child = startReplay(logs, db);
  let stderr = "";
  child.stderr!.on("data", (chunk: Buffer) => (stderr += String(chunk)));
  let writes = 0;
  const watcher = watch(dirname(db), (_, name) => {
    if (!name?.startsWith(db.slice(dirname(db).length + 1))) return;
    if (++writes === (point && "atWrite" in point ? point.atWrite : 0)) child.kill("SIGKILL");
  });
  const timer = point && "afterMs" in point ? setTimeout(() => child.kill("SIGKILL"), point.afterMs) : undefined;
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once("close", (...end) => resolve(end)),
  );
  clearTimeout(timer);
  watcher.close();
  const killed = signal === "SIGKILL";
  if (!killed && code !== 0) throw new Error(`the replay ended with ${code ?? signal}: ${stderr}`);
  return { killed, ms: performance.now() - started, writes, stderr };
}

/** How far a killed run had come, as the files show it. */
export function stateOf(db: string): "no file" | "commits in the log" | "no commit in the log" {
  if (!existsSync(db)) return "no file";
  return existsSync(`${db}.wal`) && readFileSync(`${db}.wal`).length > 0
    ? "commits in the log"
    : "no commit in the log";
}

/** What two evidence files of the same logs agree on, whatever runs made them. Each run numbers its answers anew. */
const PARTS: Readonly<Record<string, string>> = {
  flows: "* from flows",
  objects: "* exclude (run_id, ingested_at) from objects",
  bad_lines: "* from bad_lines",
  interfaces: "* from interfaces",
  rules: "* from rules",
  rule_usage: "* from rule_usage",
  rule_usage_daily: "* from rule_usage_daily",
  coverage: "* from coverage",
  coverage_minutes: "* from coverage_minutes",
  activity: `a.* exclude (judgement_id), j.* exclude (judgement_id)
    from activity a join judgements j using (judgement_id)`,
  rule_traffic: `t.* exclude (rule_set_id), s.rules from possible_traffic t join
    (select rule_set_id, list((rule_id, certain, credited, because) order by rule_id) as rules from rule_set_members group by all) s using (rule_set_id)`,
};

/** The remembered connections; by which answer each was opened is a number that each run gives anew. */
async function trackerOf(connection: DuckDBConnection): Promise<string> {
  const lines: string[] = [];
  unpackEntries((await loadTracker(connection))?.entries ?? [], (entry) => {
    lines.push(entry.filter((_, word) => word !== OPENED_BY).join(" "));
  });
  return `${lines.length} connections, ${createHash("sha256").update(lines.sort().join("\n")).digest("hex")}`;
}

/** A checksum of each part. */
export async function checksums(db: string): Promise<Record<string, string>> {
  const instance = await DuckDBInstance.create(db, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const sums: Record<string, string> = {};
  for (const [name, rows] of Object.entries(PARTS)) {
    const sql = `select concat(count(*), ' rows, ', sum(hash(r)::hugeint)) from (select ${rows}) r`;
    sums[name] = String((await connection.runAndReadAll(sql)).getRows()[0][0]);
  }
  sums.tracker = await trackerOf(connection);
  connection.closeSync();
  instance.closeSync();
  return sums;
}

/** The folder's files that a killed run must not leave behind once another has come to its end. */
export function leftovers(db: string): string[] {
  return readdirSync(dirname(db)).filter((name) => join(dirname(db), name).startsWith(`${db}.`));
}
