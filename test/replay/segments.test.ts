import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replay } from "../../src/replay.ts";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";

const START = Date.parse("2025-03-04T00:00:00Z") / 1000;
const silent = { note: () => {}, progress: () => {} };

/** More objects than batches that a reader may have out; each much smaller than a batch. */
function writeSmallObjects(folder: string, flowLog: string, objects: number, records: number): void {
  mkdirSync(folder);
  for (let object = 0; object < objects; object++) {
    const start = START + object * 300;
    const stamp = new Date(start * 1000).toISOString().replaceAll(/[-:]/g, "").slice(0, 13);
    const name = `123456789012_vpcflowlogs_us-east-1_${flowLog}_${stamp}Z_${object.toString(16)}.log`;
    const peers = object % 2 ? ["10.0.0.1", "10.0.0.2"] : ["2001:db8::1", "2001:db8::2"];
    const lines = Array.from(
      { length: records },
      (_, at) => `2 123456789012 eni-0a ${peers.join(" ")} ${1024 + at} 443 6 1 60 ${start} ${start} ACCEPT OK\n`,
    );
    writeFileSync(join(folder, name), lines.join(""));
  }
}

test("hundreds of small objects are read to their end, and again by another flow log", async () => {
  await withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    writeSmallObjects(join(folder, "a"), "fl-0a", 300, 3);
    writeSmallObjects(join(folder, "b"), "fl-0b", 300, 3);
    const options = { model: null, db, keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
    const first = await replay({ ...options, sources: [join(folder, "a")] }, silent);
    const second = await replay({ ...options, sources: [join(folder, "b")] }, silent);
    expect([first.records, first.duplicates, second.records, second.duplicates]).toEqual([900, 0, 0, 900]);
    const sql = `select count(*)::int as n, count(distinct (start_time, srcport, srcaddr))::int as d,
      count(distinct source_object)::int as o, count(distinct srcaddr)::int as a from flows`;
    const { stdout } = flowreplay(["query", sql, "--db", db, "--output", "csv"]);
    expect(stdout).toBe("n,d,o,a\n900,900,300,2\n");
  });
});

test("an object of many batches that another flow log delivered before leaves its reader free", async () => {
  await withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    // 62 batches of 8,192 rows, of which nearly none is left.
    writeSmallObjects(join(folder, "a"), "fl-0a", 8, 63_000);
    writeSmallObjects(join(folder, "b"), "fl-0b", 8, 63_100);
    const run = (name: string) => flowreplay(["replay", join(folder, name), "--db", db]);
    expect(run("a").code).toBe(0);
    expect(run("b")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("note: 504,000 duplicate records from another flow log or a copy: stored once\n"),
    });
    const { stdout } = flowreplay(["query", "select count(*) as n from flows", "--db", db, "--output", "csv"]);
    expect(stdout).toBe("n\n504800\n");
  });
});
