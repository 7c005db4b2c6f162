import { spawn } from "node:child_process";
import { copyFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { flowreplay, MAIN } from "../helpers/cli.ts";
import { mulberry32 } from "../helpers/fault-proxy.ts";
import { withFolder } from "../helpers/folder.ts";
import { checksums, writeFiftyObjects } from "../helpers/kill.ts";
import { sample } from "../helpers/samples.ts";

const CUT = "2025-03-04T09:25:00Z";
const COUNTED = ["rule-usage", "unused-rules", "stale-open-rules", "overbroad-rules", "rule-peers"];

function run(cwd: string, ...args: string[]): string {
  const { stdout, stderr, code } = flowreplay(args, { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

function query(cwd: string, sql: string): Record<string, unknown>[] {
  return JSON.parse(run(cwd, "query", sql, "--output", "json")) as Record<string, unknown>[];
}

const reports = (cwd: string): string[] => COUNTED.map((name) => run(cwd, "report", name, "--output", "json"));
const replay = (cwd: string): string => run(cwd, "replay", "logs", "--model", sample("production-vpc/config"));

test("prune takes old flow records out, gives their room back, and what counts rules still counts them", async () => {
  await withFolder(async (cwd) => {
    writeFiftyObjects(join(cwd, "logs"));
    replay(cwd);
    const before = reports(cwd);
    const daily = query(cwd, "select * from rule_usage_daily order by all");
    const coverage = query(cwd, "select * exclude (flows_since) from coverage order by all");
    const kept = query(
      cwd,
      `select count(*)::int as n, bit_xor(hash(f)) as sum from flows f where end_time >= '${CUT}'`,
    );
    const gone = query(cwd, `select count(*)::int as n from flows where end_time < '${CUT}'`);
    const size = statSync(join(cwd, "flowreplay.duckdb")).size;
    expect(gone[0].n).toBeGreaterThan(10_000);

    const said = run(cwd, "prune", "--older-than", CUT);
    expect(said.replaceAll(",", "")).toMatch(
      new RegExp(
        `^removed ${gone[0].n} of 47565 flow records those before ${CUT}; file size: [\\d.]+ MB before [\\d.]+ MB now\n$`,
      ),
    );
    expect(query(cwd, "select count(*)::int as n, bit_xor(hash(f)) as sum from flows f")).toEqual(kept);
    expect(reports(cwd)).toEqual(before);
    expect(query(cwd, "select * from rule_usage_daily order by all")).toEqual(daily);
    expect(query(cwd, "select * exclude (flows_since) from coverage order by all")).toEqual(coverage);
    expect(query(cwd, "select distinct flows_since from coverage")).toEqual([{ flows_since: CUT }]);
    expect(statSync(join(cwd, "flowreplay.duckdb")).size).toBeLessThan(size);
    expect(readdirSync(cwd)).toEqual(["flowreplay.duckdb", "logs"]);

    // The ledger is as it was: nothing comes back, and the summary says what is missing.
    expect(replay(cwd)).toMatch(/^47,565 records .*\n(?:.*\n)*? +[\d,]+ records before 2025-03-04 09:25 UTC pruned:/);
    expect(query(cwd, "select count(*)::int as n, bit_xor(hash(f)) as sum from flows f")).toEqual(kept);
    expect(run(cwd, "prune", "--older-than", CUT)).toMatch(
      /^nothing to prune: none of [\d,]+ flow records ended before/,
    );

    // Who judges the records again says that some are missing.
    for (const command of [["removable"], ["what-if", "--remove", "sgr-0f63602a6e96227cb"]]) {
      const { stderr } = flowreplay(command, { cwd });
      expect(stderr).toMatch(
        /^note: [\d,]+ records before 2025-03-04 09:25 UTC were pruned and cannot be judged again:/,
      );
    }

    // All of it; twice pruned still counts once.
    run(cwd, "prune", "--older-than", "30d");
    expect(query(cwd, "select count(*)::int as n from flows")).toEqual([{ n: 0 }]);
    expect(reports(cwd)).toEqual(before);
    expect(query(cwd, "select sum(records)::int as n from prunes")).toEqual([{ n: 47_565 }]);
    expect(run(cwd, "report", "mismatch-summary", "--output", "json")).not.toContain(" ->  ");
  });
});

test("kill -9 while pruning leaves the file as it was, or pruned", async () => {
  const seed = Date.now() % 1_000_000;
  const random = mulberry32(seed);
  await withFolder(async (cwd) => {
    writeFiftyObjects(join(cwd, "logs"));
    replay(cwd);
    const db = join(cwd, "flowreplay.duckdb");
    const [whole, work] = [join(cwd, "whole"), join(cwd, "work.duckdb")];
    copyFileSync(db, whole);
    const started = performance.now();
    run(cwd, "prune", "--older-than", CUT);
    const ms = performance.now() - started;
    const [untouched, pruned] = [await checksums(whole), await checksums(db)];
    expect(pruned).not.toEqual(untouched);
    for (let kill = 0; kill < 4; kill++) {
      copyFileSync(whole, work);
      const child = spawn(process.execPath, [MAIN, "prune", "--older-than", CUT, "--db", work], { stdio: "ignore" });
      const timer = setTimeout(() => child.kill("SIGKILL"), ms * (0.3 + 0.7 * random()));
      await new Promise((resolve) => child.once("close", resolve));
      clearTimeout(timer);
      expect([untouched, pruned], `seed ${seed}, kill ${kill}`).toContainEqual(await checksums(work));
      run(cwd, "prune", "--older-than", CUT, "--db", work);
      expect(await checksums(work)).toEqual(pruned);
      expect(readdirSync(cwd).filter((name) => name.startsWith("work."))).toEqual(["work.duckdb"]);
    }
  });
});

test.each([
  ["0d", "give an age such as 30d, or a time in the past"],
  ["-3d", "give an ISO 8601 time"],
  ["30", "give an ISO 8601 time"],
  ["a month", "give an ISO 8601 time"],
  ["2999-01-01", "give an age such as 30d, or a time in the past"],
  ["999999w", "that is before the first flow log"],
])("prune refuses --older-than %j", (age, why) => {
  const { code, stdout, stderr } = flowreplay(["prune", "--db", "none.duckdb", "--older-than", age]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`'${age}' is invalid. ${why}`);
});

test("prune says which file there is none of", () => {
  const { code, stderr } = flowreplay(["prune", "--db", "none.duckdb", "--older-than", "30d"]);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "flowreplay: no evidence file at none.duckdb\nhint: name one with --db\n",
  });
});

test("tables and views that somebody put into the file run nothing and reach no other file", async () => {
  await withFolder(async (cwd) => {
    const model = sample("two-records/config");
    run(cwd, "replay", sample("two-records/flow.log"), "--model", model);
    const out = join(cwd, "written");
    const instance = await DuckDBInstance.create(join(cwd, "flowreplay.duckdb"));
    const connection = await instance.connect();
    writeFileSync(join(cwd, "flow.csv"), "1,true,true\n");
    const hostile = `prunes select * from prunes; copy (select 'x') to '${out}'; --`;
    await connection.run(`create table "${hostile}" (a integer)`);
    await connection.run(`create or replace view probing_peers as
      select source, scanner, internal from read_csv('${join(cwd, "flow.csv")}', columns = {'source': 'ubigint', 'scanner': 'boolean', 'internal': 'boolean'})`);
    connection.closeSync();
    instance.closeSync();
    const { code, stderr } = flowreplay(["prune", "--older-than", "1d"], { cwd });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/reaches for another file\nhint: .*\n$/),
    });
    const again = flowreplay(["replay", sample("two-records/flow.log"), "--model", model], { cwd });
    expect(again.stderr).not.toMatch(/internal error/);
    expect(readdirSync(cwd)).toEqual(["flow.csv", "flowreplay.duckdb"]);
  });
});
