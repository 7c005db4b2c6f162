import { join } from "node:path";
import { expect, test } from "vitest";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

const CONFIG = ["--model", sample("production-vpc/config")];

/** The rows of a report as text, and what stderr said beside them. */
function report(db: string, ...names: string[]): { rows: string; note: string } {
  const { code, stdout, stderr } = flowreplay(["report", ...names, "--db", db, "--output", "json"]);
  expect(code, stderr).toBe(0);
  return { rows: stdout, note: stderr };
}

test("without rows for records every report says what it does not see, and the rest is as with them", async () => {
  await withFolder(async (folder) => {
    const [bare, whole] = [join(folder, "bare.duckdb"), join(folder, "whole.duckdb")];
    const logs = sample("production-vpc/v5");
    const run = flowreplay(["replay", logs, ...CONFIG, "--db", bare, "--no-flows"]);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout.replace(/\s+/g, " ")).toContain(
      "15,855 records kept as sums only (--no-flows): they cannot show probes",
    );
    expect(flowreplay(["replay", logs, ...CONFIG, "--db", whole])).toMatchObject({ code: 0, stderr: "" });

    // Coverage knows the aggregation interval of each interface, which only records tell.
    for (const name of ["coverage", "gaps", "unused-rules", "mismatch-by-interface", "pairs-first-seen"]) {
      expect(report(bare, name), name).toEqual(report(whole, name));
    }
    const kept = "note: 15,855 records were kept as sums only (--no-flows): ";
    expect(report(bare, "rejected-probes")).toEqual({
      rows: "[]\n",
      note: `${kept}rejected-probes does not see them\n`,
    });
    expect(report(bare, "timeline", "mismatches").note).toBe(`${kept}timeline, mismatches do not see them\n`);
    expect(report(bare, "stale-open-rules").note).toBe(`${kept}stale-open-rules cannot tell scanners by them\n`);
    expect(report(whole, "rejected-probes", "stale-open-rules").note).toBe("");
  });
});

test("after prune the reports on single records say that some are gone", async () => {
  await withFolder(async (folder) => {
    const db = join(folder, "pruned.duckdb");
    flowreplay(["replay", sample("production-vpc/v5"), ...CONFIG, "--db", db]);
    expect(flowreplay(["prune", "--older-than", "2025-03-04T09:05:00Z", "--db", db])).toMatchObject({ code: 0 });
    const { rows, note } = report(db, "top-talkers");
    expect(rows).toContain('"source"');
    expect(note).toMatch(
      /^note: [\d,]+ records before 2025-03-04 09:05 UTC were pruned: top-talkers does not see them\nnote: top-talkers: [\d,]+ more rows are left out; [^\n]*\n$/,
    );
    // Who scanned is remembered.
    expect(report(db, "rule-usage").note).toBe("");
  });
});
