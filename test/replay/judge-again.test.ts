import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "vitest";
import type { ReplayOptions, ReplayResult } from "../../src/replay.ts";
import { flowreplay } from "../helpers/cli.ts";
import { evidenceSums } from "../helpers/evidence.ts";
import { temporaryFolder, withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

// Readers with threads of their own exist in the built program only.
const { replay } = (await import(
  new URL("../../dist/replay.js", import.meta.url).href
)) as typeof import("../../src/replay.ts");

const MODEL = sample("production-vpc/config");

/** Replays into a file of the folder; returns its path, the notes and the result. */
async function replayed(
  db: string,
  sources: readonly string[],
  options: Partial<ReplayOptions> = {},
): Promise<{ db: string; notes: string[]; result: ReplayResult }> {
  const notes: string[] = [];
  const fixed = { model: MODEL, keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
  const events = { note: (text: string) => void notes.push(text), progress: () => {} };
  const result = await replay({ ...fixed, ...options, sources, db }, events);
  return { db, notes, result };
}

function filesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.(gz|log)$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

describe.each(["v2", "v5"])("records in %s", (format) => {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, `${name}.duckdb`);
  const logs = sample(`production-vpc/${format}`);

  test("give the same evidence from an evidence file of any model as from the logs", async () => {
    const expected = await evidenceSums((await replayed(path("logs"), [logs])).db);
    const blind = await replayed(path("blind"), [logs], { model: null });
    expect(await evidenceSums((await replayed(path("from-blind"), [blind.db])).db)).toEqual(expected);
    expect(await evidenceSums((await replayed(path("again"), [path("logs")], { workers: 2 })).db)).toEqual(expected);
    // The logs are known by the names that they had.
    const { result } = await replayed(path("from-blind"), [logs]);
    expect(result).toMatchObject({ records: 0, objects: 0 });
    expect(result.skipped).toBeGreaterThan(0);
  });

  test("join from several files, and are cut by the times in the names of their objects", async () => {
    const files = filesOf(logs);
    const cut = Math.ceil(files.length / 2);
    await replayed(path("first"), files.slice(0, cut));
    await replayed(path("rest"), files.slice(cut - 1), { model: null });
    const joined = await replayed(path("joined"), [path("rest"), path("first")]);
    expect(await evidenceSums(joined.db)).toEqual(await evidenceSums((await replayed(path("all"), files)).db));
    const window = { from: Date.UTC(2025, 2, 4, 10) / 1000 };
    const some = await replayed(path("window"), [path("first")], window);
    expect(some.result).toMatchObject({ objects: 0 });
  });
});

const line = (port: number, rest = "6 1 60 1741078800 1741078860 ACCEPT OK"): string =>
  `2 123456789012 eni-0a 10.0.0.1 10.0.0.2 ${port} 443 ${rest}\n`;

test("bad lines, duplicates, absent fields, IPv6 and standard input come again as they were", async () => {
  await withFolder(async (folder) => {
    const put = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const delivered = (flowLog: string): string =>
      `123456789012_vpcflowlogs_eu-west-1_${flowLog}_20250304T0900Z_aa${flowLog.slice(3)}.log`;
    const logs = [
      put(
        delivered("fl-0a"),
        line(1) + "nonsense \u001b[31m\n\n" + line(2) + line(2) + line(3, "6 x 60 0 1 ACCEPT OK"),
      ),
      put(delivered("fl-0b"), line(2) + line(4)),
      put(
        "custom.log",
        "interface-id pkt-srcaddr pkt-dstaddr srcaddr dstaddr srcport dstport protocol packets start end action flow-direction tcp-flags reject-reason\n" +
          "eni-0a 2001:db8::1 2001:db8::2 2001:db8::1 2001:db8::3 1 443 6 - 1741078800 1741078860 REJECT egress 2 BPA\n" +
          "eni-0a 10.0.0.9 10.0.0.1 10.0.0.7 10.0.0.1 1 443 6 9007199254740991 1741078801 1741078860 ACCEPT ingress - -\n" +
          "eni-0b - - - - - - - - 1741078800 1741078860 - - - -\n" +
          "eni-0b - - 10.0.0.1 10.0.0.4 - - 50 3 - - ACCEPT - - -\n",
      ),
    ];
    const old = join(folder, "old.duckdb");
    const notes = flowreplay(["replay", "-", "--db", old], { input: line(8) + line(8) });
    expect(notes.code).toBe(0);
    expect(flowreplay(["replay", "-", "--db", old], { input: line(9) + line(8) }).code).toBe(0);
    await replayed(old, logs, { model: null });
    const again = await replayed(join(folder, "again.duckdb"), [old], { model: null });
    const [was, is] = [await evidenceSums(old), await evidenceSums(again.db)];
    expect(is).toEqual(was);
    expect(again.result).toMatchObject({ objects: 5, badLines: 2, duplicates: 2 });
  });
});

/** An evidence file of two records, changed by SQL as nobody's replay would. */
async function changed(folder: string, ...statements: readonly string[]): Promise<string> {
  const log = join(folder, "two.log");
  writeFileSync(log, line(1) + line(2));
  const { db } = await replayed(join(folder, "changed.duckdb"), [log], { model: null });
  const instance = await DuckDBInstance.create(db);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
  return db;
}

test.each([
  [
    "a view in place of a table",
    ["alter table prunes rename to p", "create view prunes as from p"],
    /another table prunes/,
  ],
  ["a column of another type", ["alter table judgements alter action type blob"], /another table judgements/],
  ["another version", ["update schema_info set version = 1"], /has evidence schema 1, /],
  ["a name that could be markup", ["update interface_dim set interface_id = '<b>'"], /holds a record of "<b>"/],
  [
    "a record of no interface",
    ["update plain_records set record = struct_update(record, interface_idx := 7)"],
    /a record of null/,
  ],
  [
    "a record of no judgement",
    ["update plain_records set record = struct_update(record, judgement_id := null)"],
    /a record of null/,
  ],
  [
    "an impossible time",
    ["update plain_records set record = struct_update(record, duration := 4294967295)"],
    /impossible time/,
  ],
  ["interfaces without a number", ["update interface_dim set interface_idx = 5"], /no interface 0/],
  [
    "no ledger",
    ["drop view flows", "drop view bad_lines", "drop view sources", "drop table objects"],
    /another table objects/,
  ],
])("a file with %s is refused", async (_, statements, why) => {
  await withFolder(async (folder) => {
    const db = await changed(folder, ...statements);
    const again = replayed(join(folder, "again.duckdb"), [db], { model: null });
    await expect(again).rejects.toMatchObject({ code: "E_STORE", message: expect.stringMatching(why) });
  });
});

test("views and macros of the file are never used, and what its records say cannot do harm", async () => {
  await withFolder(async (folder) => {
    const secret = join(folder, "secret.csv");
    writeFileSync(secret, "a\n1\n");
    const db = await changed(
      folder,
      `create or replace view flow_rows as select 1 as object_id from read_csv('${secret}')`,
      "create macro epoch(x) as error('the macro of the file ran')",
      "create macro coalesce(x, y) as error('the macro of the file ran')",
      "insert into bad_line_rows (object_id, line, reason, text) values (0, 9, 'invalid_number', chr(27) || '[31m' || repeat('x', 500))",
      "update plain_records set record = struct_update(record, line := null, tcp_flags := 65535, packets := 18446744073709551615)",
    );
    const again = await replayed(join(folder, "again.duckdb"), [db], { model: null });
    expect(again.result).toMatchObject({ records: 2, badLines: 1 });
    const { stdout } = flowreplay(["query", "select text from bad_lines", "--db", again.db, "--output", "json"]);
    expect(JSON.parse(stdout)[0].text).toMatch(/^\\x1b\[31mx{185,199}$/);
  });
});

test("what cannot be judged again says so", async () => {
  await withFolder(async (folder) => {
    const log = join(folder, "two.log");
    writeFileSync(log, line(1) + line(2));
    const options = { model: null };
    const sums = await replayed(join(folder, "sums.duckdb"), [log], { ...options, keepFlows: false });
    const rows = await replayed(join(folder, "rows.duckdb"), [log], options);
    await expect(replayed(join(folder, "a.duckdb"), [sums.db], options)).rejects.toMatchObject({
      code: "E_SOURCE",
      message: expect.stringMatching(/holds sums only/),
    });
    await expect(replayed(rows.db, [rows.db], options)).rejects.toMatchObject({ code: "E_USAGE" });
    const other = join(folder, "other.duckdb");
    (await DuckDBInstance.create(other)).closeSync();
    await expect(replayed(join(folder, "b.duckdb"), [other], options)).rejects.toMatchObject({
      code: "E_STORE",
      message: expect.stringMatching(/not an evidence file/),
    });
    const dry = flowreplay(["replay", rows.db, "--dry-run", "--db", join(folder, "c.duckdb")]);
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/ B {2}.*two\.log\n1 objects?, /) });
  });
});
