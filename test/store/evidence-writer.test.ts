import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { FlowBatch } from "../../src/decode/flow-batch.ts";
import { createEvidenceSession } from "../../src/replay/evidence-session.ts";
import { withFolder } from "../helpers/folder.ts";

const NOTHING_NEW = {
  judgements: [],
  ruleSets: [],
  interfaces: [],
  accounts: [],
  further: [],
};
const RUN = { startedAt: new Date(0), arguments: "{}", model: null, toolVersion: "test" };

/** Rows of every table that a run writes to. */
async function countRows(path: string): Promise<Record<string, number>> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const tables = ["flow_rows", "flow_rows_wide", "bad_line_rows", "objects", "runs", "activity"];
  const counts = tables.map((table) => `(select count(*) from ${table})::int as ${table}`);
  const [row] = (await connection.runAndReadAll(`select ${counts.join(", ")}`)).getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return row as Record<string, number>;
}

test.each([100, 5000])("a run that ends before its commit leaves none of its %i rows behind", async (rows) => {
  await withFolder(async (folder) => {
    const path = join(folder, "evidence.duckdb");
    const writer = createEvidenceSession();
    await writer.open(path);
    await writer.begin({ keepFlows: true });
    await writer.startRun(RUN);
    const batch = new FlowBatch();
    batch.rows = rows;
    await writer.appendFlows(1, batch, new Uint32Array(batch.line.length));
    await writer.appendBadLines(1, [{ line: 1, reason: "field_count", text: "x" }]);
    await writer.close();
    expect(await countRows(path)).toEqual({
      flow_rows: 0,
      flow_rows_wide: 0,
      bad_line_rows: 0,
      objects: 0,
      runs: 0,
      activity: 0,
    });
  });
});

test("what was committed stays, what was appended after the commit is gone", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "evidence.duckdb");
    const writer = createEvidenceSession();
    await writer.open(path);
    await writer.begin({ keepFlows: true });
    await writer.startRun(RUN);
    const append = async (rows: number): Promise<void> => {
      const batch = new FlowBatch();
      batch.rows = rows;
      await writer.appendFlows(1, batch, new Uint32Array(batch.line.length));
    };
    await append(10);
    await writer.prepare(NOTHING_NEW);
    await writer.commit([]);
    await append(7);
    await writer.close();
    expect(await countRows(path)).toMatchObject({ flow_rows_wide: 10, runs: 1 });
  });
});

test("calls are carried out in the order of the calls, also after one that failed", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "evidence.duckdb");
    const writer = createEvidenceSession();
    await writer.open(path);
    await writer.begin({ keepFlows: true });
    const batch = new FlowBatch();
    batch.rows = 10;
    const calls = [
      writer.startRun(RUN),
      writer.appendFlows(1, batch, new Uint32Array(batch.line.length)),
      writer.identities([Number.NaN]),
      writer.prepare(NOTHING_NEW),
      writer.commit([]),
      writer.close(),
    ];
    const states = (await Promise.allSettled(calls)).map(({ status }) => status);
    expect(states).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"]);
    expect(await countRows(path)).toMatchObject({ flow_rows_wide: 10, runs: 1 });
  });
});
