import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";

const cases = fileURLToPath(new URL("../cases/times/", import.meta.url));

interface Replayed {
  readonly db: string;
  readonly summary: string;
  report(name: string): Record<string, unknown>[];
}

/** Replays a log of test/cases/times: two interfaces, whose rules let everything out and TCP 80-40000 in. */
async function replayed(log: string, check: (replay: Replayed) => void): Promise<void> {
  await withFolder((folder) => {
    const db = join(folder, "times.duckdb");
    const run = flowreplay(["replay", join(cases, log), "--model", join(cases, "model"), "--db", db]);
    expect([run.code, run.stderr]).toEqual([0, ""]);
    const report = (name: string): Record<string, unknown>[] =>
      JSON.parse(flowreplay(["report", name, "--db", db, "--output", "json"]).stdout) as Record<string, unknown>[];
    check({ db, summary: run.stdout, report });
    return Promise.resolve();
  });
}

const statuses = (rows: Record<string, unknown>[]): unknown[] => [...new Set(rows.map(({ status }) => status))];

test("a record with a wrong digit in its start does not fill the hole in the log", async () => {
  await replayed("damaged-start.log", ({ report }) => {
    expect(report("bad-lines")).toMatchObject([{ reason: "record_too_long", lines: 1 }]);
    expect(report("coverage")).toContainEqual(
      expect.objectContaining({ interface_id: "eni-00000000000000002", evidence: "gaps" }),
    );
    expect(statuses(report("unused-rules"))).toEqual(["insufficient_evidence"]);
  });
});

test("records without times of their own are evidence of the time of their events", async () => {
  await replayed("event-times.csv", ({ report }) => {
    expect(report("coverage")).toMatchObject(
      [1, 2].map(() => ({ evidence: expect.not.stringMatching("none"), first_evidence: "2024-12-14T08:00:00Z" })),
    );
  });
});

test("records without times are no evidence of any time", async () => {
  await replayed("no-times.log", ({ db, summary, report }) => {
    expect(summary).toMatch(/^161 records of 2 interfaces\n/);
    expect(report("coverage")).toMatchObject(
      [1, 2].map(() => ({ evidence: "none", first_evidence: null, minutes_covered: 0 })),
    );
    expect(statuses(report("unused-rules"))).toEqual(["insufficient_evidence"]);
    const tighten = flowreplay(["tighten", "--db", db]);
    expect([tighten.code, tighten.stderr]).toEqual([3, "flowreplay: the records carry no times, nothing to judge\n"]);
    for (const row of report("rule-usage")) expect(row).toMatchObject({ first_hit: null, last_hit: null });
  });
});
