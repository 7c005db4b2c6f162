import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type CliRun, flowreplay, MAIN } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";

const SAMPLE = fileURLToPath(new URL("../../samples/production-vpc/", import.meta.url));
const MODEL = join(SAMPLE, "config");
const ROUND_SECONDS = 900;
const ROUNDS = 9;
const OBJECTS = 5;

/**
 * The sample's records again and again, each time later, in objects that are named by time. An object holds so many that
 * it is judged by itself in any run, as the same ports come back in it.
 */
function writeLongLog(folder: string): void {
  mkdirSync(folder);
  const objects = readdirSync(join(SAMPLE, "v2"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".gz"),
  );
  const text = objects.map((name) => gunzipSync(readFileSync(join(SAMPLE, "v2", name))).toString()).join("");
  const lines = text.split("\n").filter((line) => line.startsWith("2 "));
  for (let object = 0; object < OBJECTS; object++) {
    const rounds = Array.from({ length: ROUNDS }, (_, at) => object * ROUNDS + at);
    const later = rounds.flatMap((round) =>
      lines.map((line) => line.replace(/ (\d{10}) (\d{10}) /, (_, start, end) => times(start, end, round))),
    );
    const time = new Date(Date.UTC(2025, 2, 4, 9) + object * ROUNDS * ROUND_SECONDS * 1000).toISOString();
    const stamp = time.replaceAll(/[-:]/g, "").slice(0, 13);
    writeFileSync(join(folder, `1_vpcflowlogs_eu-west-1_fl-1_${stamp}Z_a.log.gz`), gzipSync(later.join("\n")));
  }
}

function times(start: string, end: string, round: number): string {
  return ` ${Number(start) + round * ROUND_SECONDS} ${Number(end) + round * ROUND_SECONDS} `;
}

/** A replay beside the test; `signal` is sent to it after so many milliseconds. */
async function replay(cwd: string, args: readonly string[], signalAfter?: number): Promise<Omit<CliRun, "stdout">> {
  const child = spawn(process.execPath, [MAIN, "replay", ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += String(chunk)));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  if (signalAfter !== undefined) void sleep(signalAfter).then(() => child.kill("SIGINT"));
  return { code: await closed, stderr };
}

function query(cwd: string, db: string, sql: string): unknown[] {
  const { stdout, stderr, code } = flowreplay(["query", sql, "--db", db, "--output", "json"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as unknown[];
}

/** What two databases have to agree on, whatever runs made them. */
const CHECKSUMS = `
select 'flows' as part, count(*) as n, bit_xor(hash(f)) as sum from flows f
union all select 'rule_usage', count(*), bit_xor(hash(u)) from rule_usage u
union all select 'coverage', count(*), bit_xor(hash(c)) from coverage c
order by 1`;

test("Ctrl-C ends a run between two objects with 130; the next run completes it to the same evidence", async () => {
  await withFolder(async (cwd) => {
    writeLongLog(join(cwd, "logs"));
    const into = (db: string): string[] => ["logs", "--model", MODEL, "--db", db];
    expect(await replay(cwd, into("whole.duckdb"))).toEqual({ code: 0, stderr: "" });
    let done = 0;
    let after = 200;
    for (let attempt = 0; attempt < 30 && (done === 0 || done === OBJECTS); attempt++, after *= 1.2) {
      rmSync(join(cwd, "parts.duckdb"), { force: true });
      const { code, stderr } = await replay(cwd, into("parts.duckdb"), after);
      // Too early: nothing was running yet. Too late: it was over.
      if (code === null) continue;
      if (code === 0) after /= 2;
      else expect({ code, stderr }).toMatchObject({ code: 130, stderr: /^note: stopping after the current objects/ });
      [{ done }] = query(cwd, "parts.duckdb", "select count(*)::int as done from sources") as { done: number }[];
    }
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(OBJECTS);
    expect(await replay(cwd, into("parts.duckdb"))).toEqual({ code: 0, stderr: "" });
    expect(query(cwd, "parts.duckdb", CHECKSUMS)).toEqual(query(cwd, "whole.duckdb", CHECKSUMS));
  });
}, 600_000);

test("of several runs on one database one at a time gets in, and none that ended well has lost anything", async () => {
  await withFolder(async (cwd) => {
    const names = ["a", "b", "c", "d"];
    const records = readFileSync(join(SAMPLE, "../two-records/flow.log"), "utf8");
    for (const name of names) writeFileSync(join(cwd, `${name}.log`), records);
    const runs = await Promise.all(names.map((name) => replay(cwd, [`${name}.log`])));
    const ended = names.filter((_, at) => runs[at].code === 0);
    for (const { code, stderr } of runs.filter((run) => run.code !== 0)) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/^flowreplay: flowreplay.duckdb is in use by another process\nhint: .*\n$/);
    }
    // A run that has stored all and finds the file taken when it wants to print its summary ends with 2 as well.
    const sql = "select source_object, records::int as records from sources order by source_object";
    const stored = query(cwd, "flowreplay.duckdb", sql) as { source_object: string; records: number }[];
    expect(stored.filter(({ records }) => records !== 2)).toEqual([]);
    const kept = stored.map(({ source_object: path }) => basename(path, ".log"));
    expect(kept).toEqual([...new Set(kept)]);
    expect(kept).toEqual(expect.arrayContaining(ended));
    expect(ended.length).toBeGreaterThan(0);
  });
});

test.skipIf(process.platform === "win32")(
  "a full disk is one line, and the next run stores everything once",
  async () => {
    await withFolder(async (cwd) => {
      const args = [join(SAMPLE, "v2"), "--model", MODEL, "--db"];
      expect(await replay(cwd, [...args, "whole.duckdb"])).toEqual({ code: 0, stderr: "" });
      // Blocks of 1 KiB: too few for an empty file, for the transaction, for the checkpoint.
      for (const blocks of [400, 1150, 1500, 2000]) {
        rmSync(join(cwd, "full.duckdb"), { force: true });
        const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`;
        const command = [process.execPath, MAIN, "replay", ...args, "full.duckdb"];
        const { status, stderr } = spawnSync("bash", ["-c", limited, "bash", ...command], { cwd, encoding: "utf8" });
        expect({ blocks, status, stderr }).toEqual({
          blocks,
          status: 2,
          stderr:
            "flowreplay: cannot write full.duckdb: File too large\n" +
            "hint: make room there and replay again: what was committed stays, nothing is stored twice\n",
        });
        expect(await replay(cwd, [...args, "full.duckdb"])).toEqual({ code: 0, stderr: "" });
        expect(query(cwd, "full.duckdb", CHECKSUMS)).toEqual(query(cwd, "whole.duckdb", CHECKSUMS));
      }
    });
  },
);
