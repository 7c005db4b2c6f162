import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replay } from "../../src/replay.ts";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

const CONFIG = sample("two-records/config");
const LOG = readFileSync(sample("two-records/flow.log"), "utf8");

/** The notes of a replay. */
async function notesOf(folder: string, sources: readonly string[], model: string | null): Promise<string[]> {
  const notes: string[] = [];
  const db = join(folder, "evidence.duckdb");
  const options = { sources, db, model, keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
  await replay(options, { note: (text) => notes.push(text), progress: () => {} });
  return notes;
}

/** Writes a log into the folder. */
function put(folder: string, name: string, text = LOG): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** A copy of the configuration in which one text is another. */
function edited(folder: string, file: string, from: string, to: string): string {
  const copy = join(folder, "edited");
  cpSync(CONFIG, copy, { recursive: true });
  const text = readFileSync(join(copy, file), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(copy, file), text.replaceAll(from, to));
  return copy;
}

test("known objects under another model: how many, when they were judged, and how to judge them again", async () => {
  await withFolder(async (folder) => {
    const [a, b] = [put(folder, "a.log"), put(folder, "b.log", LOG.replaceAll("1620000", "1620001"))];
    const other = edited(folder, "network-acls.json", '"RuleNumber": 100', '"RuleNumber": 90');
    expect(await notesOf(folder, [a, b], CONFIG)).toEqual([]);
    expect(await notesOf(folder, [a, b], CONFIG)).toEqual([]);
    const c = put(folder, "c.log", LOG.replaceAll("1620000", "1620002"));
    const when = expect.stringMatching(
      /^0 new of 2 objects; .* they were judged under another model \(replay of \d{4}-\d\d-\d\d \d\d:\d\d UTC\), which stays\. To judge them again: flowreplay rejudge --db .* --model .*edited$/,
    );
    expect(await notesOf(folder, [a, b], other)).toEqual([when]);
    expect(await notesOf(folder, [a, b, c], other)).toEqual([expect.stringMatching(/^1 new of 3 objects; /)]);
    // Some of them under this one.
    expect(await notesOf(folder, [a, b, c], other)).toEqual([expect.stringMatching(/ and 2 of them were judged/)]);
  });
});

test("a run that judges nothing leaves the rules in place that judged what is stored", async () => {
  await withFolder(async (folder) => {
    const log = put(folder, "a.log");
    const other = edited(folder, "network-acls.json", '"RuleNumber": 100', '"RuleNumber": 90');
    await notesOf(folder, [log], CONFIG);
    const asked = (sql: string): unknown =>
      JSON.parse(flowreplay(["query", sql, "--db", join(folder, "evidence.duckdb"), "--output", "json"]).stdout);
    const rules = "select rule_id from rules order by all";
    const before = asked(rules);
    expect(JSON.stringify(before)).toContain("/ingress/100");
    await notesOf(folder, [log], other);
    expect(asked(rules)).toEqual(before);
    await notesOf(folder, [log, put(folder, "b.log", LOG.replaceAll("1620000", "1620001"))], other);
    expect(JSON.stringify(asked(rules))).toContain("/ingress/90");
  });
});

test("two sources with an object of one name and other content: a note says which is read", async () => {
  await withFolder(async (folder) => {
    const log = put(folder, "a.log");
    const evidence = async (name: string): Promise<string> => {
      const db = join(folder, name);
      const options = { sources: [log], db, model: null, keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };
      await replay(options, { note: () => {}, progress: () => {} });
      return db;
    };
    const early = await evidence("early.duckdb");
    put(folder, "a.log", LOG + LOG.split("\n")[1].replaceAll("1620000", "1620001") + "\n");
    const late = await evidence("late.duckdb");
    for (const sources of [
      [early, late],
      [late, early],
    ]) {
      rmSync(join(folder, "evidence.duckdb"), { force: true });
      const notes = await notesOf(folder, sources, CONFIG);
      expect(notes).toContainEqual(
        expect.stringMatching(/^in two sources with different content, and only the larger is read: .*a\.log; /),
      );
      const { stdout } = flowreplay([
        "query",
        "select count(*) as n from flows",
        "--db",
        join(folder, "evidence.duckdb"),
        "--output",
        "json",
      ]);
      expect(JSON.parse(stdout)).toEqual([{ n: 3 }]);
    }
  });
});

test.each([
  [
    "another account",
    LOG.replaceAll("123456789012", "210987654321").replaceAll("eni-abc123", "eni-elsewhere"),
    /^2 of 2 records .*: the log is of account 210987654321, the model of 123456789012: /,
  ],
  [
    "another time",
    LOG.replaceAll("eni-abc123", "eni-gone"),
    /^2 of 2 records .*: 1 interface is in no snapshot, its address is in its subnets: it lived at another time/,
  ],
  [
    "another network",
    LOG.replaceAll("eni-abc123", "eni-far").replaceAll(" 10.0", " 172.20"),
    /^2 of 2 records .*: their addresses are in none of its VPCs: /,
  ],
])("most records unmodelled, because they are of %s: a note says so", async (_, log, note) => {
  await withFolder(async (folder) => {
    expect(await notesOf(folder, [put(folder, "a.log", log)], CONFIG)).toEqual([expect.stringMatching(note)]);
  });
});

test("an object that comes after younger ones: which it is, and which records were judged without it", async () => {
  await withFolder(async (folder) => {
    const [early, middle, later] = ["1620000", "1620001", "1620004"].map((time) =>
      put(folder, `${time}.log`, LOG.replaceAll("1620000", time)),
    );
    expect(await notesOf(folder, [later], CONFIG)).toEqual([]);
    const late = put(folder, "late.log", LOG.replaceAll("16200000", "16200034"));
    // More than the longest aggregation interval before: nothing that it tells reaches so far.
    expect(await notesOf(folder, [early], CONFIG)).toEqual([]);
    expect(await notesOf(folder, [late], CONFIG)).toEqual([
      expect.stringMatching(
        /^1 object came late: .*late\.log, with records from 2021-05-03T00:56:40Z to 2021-05-03T00:57:40Z\. Earlier runs judged 2 records at the same interfaces without them, .*: flowreplay rejudge --db .*$/,
      ),
    ]);
    expect(await notesOf(folder, [middle], CONFIG)).toEqual([]);
  });
});

test("without a model a note says what is missing and how to get it", async () => {
  await withFolder(async (cwd) => {
    const { stderr } = flowreplay(["replay", sample("two-records/flow.log")], { cwd });
    expect(stderr).toMatch(/^note: no --model: every record is unmodelled.*flowreplay snapshot --out config.*\n$/);
  });
});
