import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { temporaryFolder } from "../helpers/folder.ts";
import { replayInto, sample } from "../helpers/samples.ts";

const folder = temporaryFolder();
let db: string;
beforeAll(async () => {
  db = await replayInto(folder, sample("production-vpc/v5"), sample("production-vpc/config"));
});

const SUMMARY =
  "12 of 43 group rules can be removed together: none of 15,855 records that was accepted would be denied; no larger set exists";

test("rows with the worth of the evidence; the report of that name is the same", () => {
  const run = flowreplay(["removable", "--db", db, "--output", "json"]);
  const golden = new URL("../cases/removable/production-vpc.json", import.meta.url);
  if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(golden, run.stdout);
  expect([run.code, run.stderr]).toEqual([0, `${SUMMARY}\n`]);
  expect(run.stdout).toBe(readFileSync(golden, "utf8"));
  expect(flowreplay(["report", "removable-set", "--db", db, "--output", "json"]).stdout).toBe(run.stdout);
});

test("what it writes as an edit is what what-if proves; rules without whole evidence are in no script", () => {
  const edit = join(folder, "edit.json");
  expect(flowreplay(["removable", "--db", db, "--output", "edit", "-o", edit, "--min-days", "0"]).code).toBe(0);
  const { remove, undo } = JSON.parse(readFileSync(edit, "utf8")) as { remove: string[]; undo: { add: unknown[] } };
  expect([remove.length, undo.add.length]).toEqual([11, 11]);
  expect(remove).not.toContain("sgr-03586981c2dd81581");
  const proof = flowreplay(["what-if", "--db", db, "--edit", edit, "--strict"]);
  expect([proof.code, proof.stdout]).toEqual([0, "15,855 records judged again\n  no verdict changes\n"]);
});

test("a log of 13 minutes proves nothing: no rule is called unused or redundant, and no script is written", () => {
  const statuses = (...args: string[]): Set<unknown> => {
    const { stdout } = flowreplay(["removable", "--db", db, "--output", "json", ...args]);
    return new Set((JSON.parse(stdout) as { status: string }[]).map(({ status }) => status));
  };
  expect(statuses()).toEqual(new Set(["unattached", "short_window", "insufficient_evidence"]));
  expect(statuses("--min-days", "0")).toEqual(new Set(["unused", "redundant", "unattached", "insufficient_evidence"]));
  const refused = flowreplay(["removable", "--db", db, "--output", "cli"]);
  expect([refused.code, refused.stdout]).toEqual([2, ""]);
  expect(refused.stderr).toMatch(
    /^flowreplay: no script: the window of \d+ minutes is shorter than 30 days\nhint: .*--min-days N.*\n$/,
  );
});
