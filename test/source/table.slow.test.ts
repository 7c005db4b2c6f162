import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { printPlan } from "../../src/cli/dry-run.ts";
import { followReplay } from "../../src/replay/follow.ts";
import { replay } from "../../src/replay.ts";
import type { SourceKind, SourceObject } from "../../src/source/source.ts";
import { kindOfArgument, SOURCE_KINDS } from "../../src/source/table.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/folder.ts";

const line = (port: number): string =>
  `2 123456789012 eni-0a 10.0.0.1 10.0.0.2 ${port} 443 6 1 60 1741078800 1741078860 ACCEPT OK\n`;

/** A source that lies in memory: what a new kind has to say of itself. */
const contents = new Map([["memory://logs/1", line(50_001) + line(50_002)]]);
const objectOf = (name: string): SourceObject => ({ name, size: 9, etag: "1", time: null, kind: "memory" });
const memory: SourceKind = {
  name: "memory",
  usage: "memory://name",
  recognises: (argument) => argument.startsWith("memory://"),
  plan: async (argument) => ({ objects: [...contents.keys()].filter((n) => n.startsWith(argument)).map(objectOf) }),
  async *open(object) {
    yield Buffer.from(contents.get(object.name)!);
  },
  async *follow(argument) {
    contents.set(`${argument}/2`, line(50_003));
    yield objectOf(`${argument}/2`);
  },
  channelOf: (name) => (name.startsWith("memory://") ? "memory" : null),
};

beforeAll(() => void (SOURCE_KINDS as SourceKind[]).push(memory));
afterAll(() => void (SOURCE_KINDS as SourceKind[]).pop());

const settings = { model: null, keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
const silent = { note: () => {}, progress: () => {} };

async function objectsIn(db: string): Promise<unknown[][]> {
  const reader = await openEvidence(db);
  try {
    const sql = "select source_object, count(*)::int from flows group by all order by all";
    return (await reader.run(sql)).rows as unknown[][];
  } finally {
    reader.close();
  }
}

test("an entry of the table is all that a replay needs of a source", () =>
  withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    const options = { ...settings, sources: ["memory://logs"], db };
    expect(await replay(options, silent)).toMatchObject({ objects: 1, records: 2, skipped: 0 });
    expect(await replay(options, silent)).toMatchObject({ objects: 0, records: 0, skipped: 1 });
    expect(await objectsIn(db)).toEqual([["memory://logs/1", 2]]);
  }));

test("a kind with `follow` can be followed, any other is refused", () =>
  withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    const stored: string[] = [];
    const events = { ...silent, caughtUp: async () => {}, stored: async (name: string) => void stored.push(name) };
    const { signal } = new AbortController();
    await followReplay({ ...settings, sources: ["memory://logs"], db, signal }, events);
    expect(stored).toEqual(["memory://logs/2"]);
    expect(await objectsIn(db)).toEqual([
      ["memory://logs/1", 2],
      ["memory://logs/2", 1],
    ]);
    await expect(followReplay({ ...settings, sources: [folder], db, signal }, events)).rejects.toMatchObject({
      code: "E_USAGE",
      message: `--follow takes one source (cloudwatch://log-group), not ${folder}`,
    });
  }));

test("a dry run lists any kind of source and makes no evidence file", () =>
  withFolder(async (folder) => {
    const db = join(folder, "evidence.duckdb");
    let text = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => Boolean((text += String(chunk))));
    await printPlan(["memory://logs"], { db }, () => {}).finally(() => write.mockRestore());
    expect(text).toContain("memory://logs/1");
    expect(existsSync(db)).toBe(false);
  }));

test.each([
  ["logs/x.log", "file"],
  ["a:b", "file"],
  ["-", "pipe"],
  ["S3://bucket", "s3"],
  ["cloudwatch:///aws/vpc/flow", "cloudwatch"],
  ["gs://bucket", undefined],
  ["", undefined],
])("the argument %j is a source of the kind %s", (argument, kind) => {
  expect(kindOfArgument(argument)?.name).toBe(kind);
});
