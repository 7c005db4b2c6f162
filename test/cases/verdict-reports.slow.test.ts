import { describe, expect, test } from "vitest";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { ownParameters } from "../../src/report/parameters.ts";
import { runReport } from "../../src/report/run-report.ts";
import { type EvidenceQuery, openEvidence, type Plain } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/folder.ts";
import { replayInto } from "../helpers/samples.ts";
import { type Expectation, layOut, type Row, stated, type VerdictCase, verdictCases } from "../helpers/verdict-case.ts";

const catalogue = loadCatalogue();
/** A replay takes half a second: only for the cases that speak of reports, and for the records that AWS itself prints. */
const cases = verdictCases().filter(
  ({ name, expected }) => expected.reports ?? expected.absent ?? /^(8-|two-records)/.test(name),
);

describe("the view flows and the reports say what AWS documents", () => {
  test.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    await withFolder(async (folder) => {
      const { logs, model } = layOut(one, folder);
      const evidence = await openEvidence(await replayInto(folder, logs, model));
      try {
        const { columns, rows } = await evidence.run("from flows order by source_object, line");
        const flows = rows.map((values) => toRow(columns, values));
        expect(stated(flows, one.expected), "the view flows").toEqual(one.expected.records);
        await checkReports(evidence, one.expected);
      } finally {
        evidence.close();
      }
    });
  });
});

async function checkReports(evidence: EvidenceQuery, { reports = {}, absent = {} }: Expectation): Promise<void> {
  for (const [name, wanted] of [...Object.entries(reports), ...Object.entries(absent)]) {
    const report = findReport(catalogue, name);
    // Cases are minutes long; whether that is long enough is not what they speak of.
    const { columns, chunks } = await runReport(evidence, report, ownParameters(report, { min_days: "0" }));
    const rows: Row[] = [];
    for await (const chunk of chunks) rows.push(...chunk.map((values) => toRow(columns, values)));
    for (const row of wanted) {
      const same = rows.filter((found) => Object.keys(row).every((key) => isEqual(found[key], row[key])));
      const times = reports[name]?.includes(row) ? 1 : 0;
      expect({ report: name, row, times: same.length, rows }).toEqual({ report: name, row, times, rows });
    }
  }
}

function isEqual(found: unknown, wanted: unknown): boolean {
  return JSON.stringify(typeof found === "bigint" ? Number(found) : found) === JSON.stringify(wanted);
}

function toRow(columns: readonly { readonly name: string }[], values: readonly Plain[]): Row {
  return Object.fromEntries(columns.map(({ name }, at) => [name, values[at]]));
}

test("some cases speak of reports", () => {
  expect(cases.filter((one: VerdictCase) => one.expected.reports).length).toBeGreaterThan(5);
});
