// How fast a whole replay is, against what else could read the same objects: npm run bench -- [--curve NAME]...
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";

import { WrongAnswer } from "./run/check.ts";
import { DUCKDB, flowreplay, GUNZIP, SPLIT } from "./run/contestants.ts";
import { CURVES } from "./run/curves.ts";
import { describeMachine } from "./run/machine.ts";
import { type Lane, median, race, ratesOf, type Result } from "./run/race.ts";
import { timeReports } from "./run/reports.ts";
import { describeScenario, resultTable } from "./run/results.ts";
import { DATA_FOLDER, prepare, type Prepared } from "./run/scenario.ts";
import { type StageSeconds, timeStages } from "./run/stages.ts";
import { millions, table } from "./run/table.ts";

const HELP = `npm run bench -- [options]
  without a curve: flowreplay, DuckDB, gunzip and split() on the default format, and the rate of each stage
  --curve NAME   instead: ${Object.keys(CURVES).join(", ")} or reports; repeatable
  --records N    records of a scenario (2,000,000; 1,000,000 for curves; the reports want 10,000,000)
  --rounds N     processes of each kind (3)
  --full         the curve of records up to 50 times as many`;

const { values } = parseArgs({
  options: {
    curve: { type: "string", multiple: true, default: [] },
    records: { type: "string" },
    rounds: { type: "string", default: "3" },
    full: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const note = (text: string): void => console.error(`  ${text}`);
const sized = (fallback: number): number => Number(values.records ?? fallback);

if (values.help) console.log(HELP);
else {
  try {
    await bench();
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function bench(): Promise<void> {
  const unknown = values.curve.find((name) => name !== "reports" && !(name in CURVES));
  if (unknown !== undefined) throw new Error(`no curve named ${unknown}\n${HELP}`);
  mkdirSync(DATA_FOLDER, { recursive: true });
  console.log(describeMachine());
  if (values.curve.length === 0) await headline();
  for (const name of values.curve) {
    if (name === "reports") await reports();
    else await curve(name);
  }
}

async function headline(): Promise<void> {
  const prepared = await prepare({ name: "default format", options: { records: sized(2_000_000) } }, note);
  console.log(`\n${describeScenario(prepared, rounds)}`);
  const contestants = [flowreplay(), DUCKDB, GUNZIP, SPLIT];
  const lanes = contestants.map((contestant): Lane => ({ name: contestant.name, contestant, prepared }));
  const results = await race(lanes, rounds, note);
  const [, duckdb] = results;
  console.log(
    resultTable(results, "rate against DuckDB", (result) => median(ratesOf(result)) / median(ratesOf(duckdb))),
  );
  await stages(prepared);
}

async function stages(prepared: Prepared): Promise<void> {
  const runs: StageSeconds[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await timeStages(prepared));
  const { records } = prepared.truth;
  const names = Object.keys(runs[0]) as (keyof StageSeconds)[];
  const seconds = names.map((name) => median(runs.map((run) => run[name])));
  const row = (name: string, time: number): string[] => [
    name,
    ((time / records) * 1e6).toFixed(3),
    millions(records / time),
  ];
  console.log("\nStages, one after the other on one thread:\n");
  const total = seconds.reduce((sum, time) => sum + time, 0);
  const rows = [...names.map((name, at) => row(name, seconds[at])), row("all", total)];
  console.log(table(["stage", "us a record", "M records/s"], rows));
}

async function reports(): Promise<void> {
  const prepared = await prepare({ name: "default format", options: { records: sized(10_000_000) } }, note);
  console.log(`\nEvery report, as a process that prints JSON\n${describeScenario(prepared, rounds)}`);
  console.log(await timeReports(prepared, rounds, note));
}

async function curve(name: string): Promise<void> {
  const { title, points } = CURVES[name];
  console.log(`\n${title}`);
  const lanes: Lane[] = [];
  for (const { label, scenario, contestants } of points(sized(1_000_000), values.full)) {
    const prepared = await prepare(scenario, note);
    for (const contestant of contestants) lanes.push({ name: `${label}, ${contestant.name}`, contestant, prepared });
  }
  console.log(describeScenario(lanes[0].prepared, rounds));
  const results = await race(lanes, rounds, note);
  const sums = new Set(
    results.flatMap(({ runs }) => runs.map((run) => run.checksum)).filter((sum) => sum !== undefined),
  );
  if (sums.size > 1) throw new WrongAnswer(`the evidence differs from run to run:\n${[...sums].join("\n")}`);
  const first = (result: Result): Result =>
    results.find(({ contestant }) => contestant.name === result.contestant.name)!;
  const ratio = (result: Result): number => median(ratesOf(first(result))) / median(ratesOf(result));
  console.log(resultTable(results, "time against the first", ratio));
  for (const sum of sums) console.log(`\nchecksum of every run: ${sum}`);
}
