import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "vitest";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withEvidence } from "../helpers/evidence.ts";
import { withFolder } from "../helpers/folder.ts";

describe("a value of a result becomes plain JSON", () => {
  test.each([
    ["9007199254740991::bigint", 9007199254740991],
    ["9007199254740993::ubigint", "9007199254740993"],
    ["sum(x) from (select unnest([1, 2])::ubigint x)", 3],
    ["timestamp '2026-11-01 09:00:00'", "2026-11-01T09:00:00Z"],
    ["timestamp '1969-12-31 23:59:59.5'", "1969-12-31T23:59:59.5Z"],
    ["timestamptz '2026-11-01 10:00:00+01'", "2026-11-01T09:00:00Z"],
    ["timestamp 'infinity'", "infinity"],
    ["date '2026-11-01'", "2026-11-01"],
    ["['a', null]", ["a", null]],
    ["{'a': 1::bigint}", { a: 1 }],
    ["map {'k': 2::hugeint}", [{ key: "k", value: 2 }]],
    ["1.25::decimal(9, 2)", 1.25],
    ["'nan'::double", null],
    ["null", null],
    ["$n + 1", 42],
    ["len($list)", 0],
  ])("%s", async (sql, expected) => {
    await withEvidence("", async (path) => {
      const evidence = await openEvidence(path);
      const parameters = { ...(sql.includes("$n") && { n: 41 }), ...(sql.includes("$list") && { list: [] }) };
      expect((await evidence.run(`select ${sql}`, parameters)).rows[0][0]).toEqual(expected);
      evidence.close();
    });
  });
});

test("only one SELECT on the evidence file may run, and an error says where the mistake is", async () => {
  await withEvidence("", async (path) => {
    const evidence = await openEvidence(path);
    for (const [sql, message] of [
      ["attach ':memory:' as m", "only SELECT statements"],
      ["copy flow_rows to 'x.csv'", "file system operations are disabled"],
      ["set threads = 1", "only SELECT statements"],
      ["pragma enable_profiling", "only SELECT statements"],
      ["call pragma_version()", "only SELECT statements"],
      ["checkpoint", "only SELECT statements"],
      ["load json", "only SELECT statements"],
      ["create temp table t as select 1", "only SELECT statements"],
      ["delete from judgements returning cause", "only SELECT statements"],
      ["select * from read_text('/etc/hostname')", "file system operations are disabled"],
      ["select * from glob('/*')", "file system operations are disabled"],
      ["select 1; drop table flow_rows", "one statement at a time: this is 2"],
      ["  -- nothing\n", "the query is empty"],
      ["select *\nfrm flows", "line 2, column 5"],
      ["select 'ü', nope from flows", "line 1, column 13"],
      ["select $missing", "parameter $missing has no value"],
    ]) {
      await expect(evidence.run(sql), sql).rejects.toMatchObject({
        code: "E_QUERY",
        message: expect.stringContaining(message),
      });
    }
    await expect(evidence.run("select 1", { x: 1 })).rejects.toThrow("parameter x is not used");
    expect((await evidence.run("explain select 1")).rows.length).toBeGreaterThan(0);
    expect((await evidence.run("select count(*) as n from flows")).rows).toEqual([[0]]);
    evidence.close();
  });
});

test("streams a large result in chunks", async () => {
  await withEvidence("", async (path) => {
    const evidence = await openEvidence(path);
    const { columns, chunks } = await evidence.stream("select range as n from range(100000)");
    expect(columns).toEqual([{ name: "n", type: "BIGINT" }]);
    let [rows, pieces] = [0, 0];
    for await (const chunk of chunks) [rows, pieces] = [rows + chunk.length, pieces + 1];
    expect(rows).toBe(100000);
    expect(pieces).toBeGreaterThan(10);
    evidence.close();
  });
});

describe("files that are no evidence", () => {
  test.each([
    ["missing", async () => {}, "no evidence file"],
    ["garbage", async (path: string) => writeFileSync(path, "not a database".repeat(1000)), "cannot be opened"],
    ["foreign", async (path: string) => fill(path, "create table t (i integer)"), "not an evidence file"],
    [
      "future",
      async (path: string) =>
        fill(
          path,
          "create table schema_info (version integer, tool_version varchar); insert into schema_info values (999, 'x')",
        ),
      "evidence schema 999",
    ],
  ])("%s", async (_, make, message) => {
    await withFolder(async (folder) => {
      const path = join(folder, "x.duckdb");
      await make(path);
      await expect(openEvidence(path)).rejects.toMatchObject({
        code: "E_STORE",
        message: expect.stringContaining(message),
      });
    });
  });
});

test("a file that another process writes to is refused as in use", async () => {
  await withEvidence("", async (path) => {
    const script = `
      const { DuckDBInstance } = require("@duckdb/node-api");
      DuckDBInstance.create(process.argv[1]).then(() => console.log("open"));
      setInterval(() => {}, 1000);`;
    const writer = spawn(process.execPath, ["-e", script, path], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await once(writer.stdout, "data");
      await expect(openEvidence(path)).rejects.toMatchObject({
        code: "E_IN_USE",
        message: expect.stringContaining("in use by another process"),
      });
    } finally {
      writer.kill();
    }
  });
});

async function fill(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}
