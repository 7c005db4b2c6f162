import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findReport, loadCatalogue } from "../../../src/report/catalogue.ts";
import { FINDING_RENDERERS } from "../../../src/report/findings/audit.ts";
import { openBaseline } from "../../../src/report/findings/baseline.ts";
import { type Finding, findingOf, type FindingRow } from "../../../src/report/findings/finding.ts";
import { kindOf } from "../../../src/report/findings/kinds.ts";
import { counts, reviewFindings, type ReviewedFinding } from "../../../src/report/findings/review.ts";
import { withFolder } from "../../helpers/folder.ts";
import { sarifProblems } from "../../helpers/schemas.ts";

const catalogue = loadCatalogue();
const UNUSED = kindOf(findReport(catalogue, "unused-rules"))!;
const STALE = kindOf(findReport(catalogue, "stale-open-rules"))!;

function findings(rows: readonly FindingRow[]): Map<string, Finding> {
  const found = rows.flatMap((row) => findingOf(UNUSED, row) ?? []);
  return new Map(found.map((one) => [one.id, one]));
}

const row = (rule: string, status: string): FindingRow => ({
  rule_id: rule,
  status,
  reason: "r",
  owner_id: "sg-1",
  owner_name: "web",
});

async function sarifOf(rows: readonly FindingRow[]): Promise<string> {
  const reviewed = await reviewFindings(UNUSED, findings(rows), { exemptions: null, baseline: null });
  return written(reviewed);
}

async function written(reviewed: readonly ReviewedFinding[]): Promise<string> {
  let text = "";
  const document = {
    kinds: [UNUSED],
    findings: reviewed,
    locations: new Map(),
    toolVersion: "1.0.0",
    now: new Date(0),
    account: null,
    region: null,
  };
  for await (const piece of FINDING_RENDERERS.sarif(document)) text += piece;
  expect(sarifProblems(JSON.parse(text))).toEqual([]);
  return text;
}

const BEFORE = [
  row("sgr-still", "unused"),
  row("sgr-gone", "unused"),
  row("sgr-unsure-now", "unused"),
  row("sgr-unsure-then", "insufficient_evidence"),
  row("sgr-never-sure", "insufficient_evidence"),
];
const NOW = [
  row("sgr-new", "unused"),
  row("sgr-still", "unused"),
  row("sgr-unsure-now", "insufficient_evidence"),
  row("sgr-unsure-then", "unused"),
];

test.each(["sarif", "json"])("new, gone and still against %s", async (form) => {
  await withFolder(async (folder) => {
    const file = join(folder, "before");
    const rows = BEFORE.map((one) => ({ ...one, finding_id: "x" }));
    writeFileSync(file, form === "sarif" ? await sarifOf(BEFORE) : JSON.stringify(rows));
    const baseline = await openBaseline(file);
    const reviewed = await reviewFindings(UNUSED, findings(NOW), { exemptions: null, baseline });
    const states = reviewed.map((one) => [one.finding.ruleIds[0], one.baseline, counts(one)]);
    expect(states).toEqual([
      ["sgr-new", "new", true],
      ["sgr-still", "still", false],
      // Missing evidence does not mend a rule, and a rule that becomes certain is news.
      ["sgr-unsure-now", "still", false],
      ["sgr-unsure-then", "new", true],
      ["sgr-gone", "gone", false],
    ]);
    const log = JSON.parse(await written(reviewed)) as { runs: [{ results: { baselineState: string }[] }] };
    expect(log.runs[0].results.map((one) => one.baselineState)).toEqual([
      "new",
      "unchanged",
      "unchanged",
      "new",
      "absent",
    ]);
    // What is gone does not go again.
    writeFileSync(file, await written(reviewed));
    const next = await reviewFindings(UNUSED, new Map(), { exemptions: null, baseline: await openBaseline(file) });
    expect(next.map((one) => one.finding.ruleIds[0])).not.toContain("sgr-gone");
  });
});

test("a baseline that does not speak of a check is refused, and so is what is none", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "before");
    writeFileSync(file, await sarifOf(BEFORE));
    const baseline = await openBaseline(file);
    await expect(baseline.findings(STALE, null, {})).rejects.toThrow(
      `baseline ${file}: the earlier run did not check stale-open-rules`,
    );
    for (const [content, problem] of [
      ["no json", "neither an evidence file nor JSON"],
      ["{}", "not findings of flowreplay: see /runs"],
      ['[{"rule_id":"sgr-1"}]', "/0: not a row with a finding_id"],
      [
        '{"runs":[{"tool":{"driver":{"name":"other","rules":[]}},"results":[]}]}',
        "not findings of flowreplay: see /runs/0/tool/driver/name",
      ],
      ['{"runs":[null]}', "not findings of flowreplay: see /runs/0"],
    ]) {
      writeFileSync(file, content);
      await expect(openBaseline(file)).rejects.toThrow(`baseline ${file}: ${problem}`);
    }
    await expect(openBaseline(join(folder, "absent"))).rejects.toThrow("no such file");
  });
});
