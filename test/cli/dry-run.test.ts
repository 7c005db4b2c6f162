import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { describePlan } from "../../src/cli/dry-run.ts";
import { flowreplay } from "../helpers/cli.ts";
import { withEvidence } from "../helpers/evidence.ts";
import { withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

test("a plan is printed with sizes, totals and what is left out", () => {
  const object = (name: string, size: number | null) => ({ name, size, etag: null, time: null, kind: "file" }) as const;
  const text = describePlan({
    objects: [object("a.gz", 2048), object("b\u001b[31m.gz", null)],
    ingested: 1,
    bytes: 2048,
    pruned: 3,
    window: { from: 0, to: null },
  });
  expect(text).toBe(
    "  2.0 KiB  a.gz\n        ?  b\\x1b[31m.gz\n" +
      "2 objects, 2.0 KiB; 3 left out; 1 already ingested, object times 1970-01-01T00:00:00Z to open\n",
  );
});

test("--dry-run reads nothing and makes no evidence file", () =>
  withFolder(async (folder) => {
    const db = join(folder, "none.duckdb");
    const run = flowreplay(["replay", "samples/production-vpc/v5", "--dry-run", "--db", db]);
    expect(run.stdout).toContain("7 objects");
    expect(run.code).toBe(0);
    expect(existsSync(db)).toBe(false);
  }));

test("--dry-run leaves out what the evidence file holds", () =>
  withFolder(async (folder) => {
    const logs = join(folder, "logs");
    const db = join(folder, "evidence.duckdb");
    cpSync(sample("production-vpc/v5"), logs, { recursive: true });
    expect(flowreplay(["replay", logs, "--from", "2025-03-04T09:20:00Z", "--db", db]).code).toBe(0);
    const run = flowreplay(["replay", logs, "--dry-run", "--db", db]);
    expect(run.stdout).toMatch(/^2 objects, [\d.]+ KiB; 0 left out; 5 already ingested$/m);
  }));

test("--dry-run goes on while another process has the evidence file", () =>
  withEvidence("", async (db) => {
    const instance = await DuckDBInstance.create(db);
    const run = flowreplay(["replay", sample("production-vpc/v5"), "--dry-run", "--db", db]);
    instance.closeSync();
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining("7 objects") });
    expect(run.stderr).toBe(`note: ${db} is in use by another process: objects that it already holds are listed too\n`);
  }));

test("objects are read whole: --from says which other times came with them", () =>
  withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    const run = flowreplay(["replay", sample("production-vpc/v5"), "--from", "2025-03-04T09:20:00Z", "--db", db]);
    expect(run.stderr).toMatch(
      /^note: --from and --to choose objects, which are read completely: the records are from 2025-03-04T09:\d\d:\d\dZ to 2025-03-04T09:1\d:\d\dZ$/m,
    );
    expect(flowreplay(["replay", sample("production-vpc/v5"), "--db", db]).stderr).not.toContain("--from");
  }));
