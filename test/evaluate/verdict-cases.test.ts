import { describe, expect, test } from "vitest";
import { createExplainer } from "../../src/explain/explainer.ts";
import type { Explanation, NamedJudgement } from "../../src/explain/trace.ts";
import { loadModel } from "../../src/model/load.ts";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { renderExplanations } from "../../src/report/explanation.ts";
import { runReport } from "../../src/report/run-report.ts";
import { openEvidence, type Plain, type EvidenceQuery } from "../../src/store/evidence-query.ts";
import { withFolder } from "../helpers/evidence.ts";
import { replayInto } from "../helpers/samples.ts";
import { layOut, verdictCases, type Expectation, type VerdictCase } from "../helpers/verdict-case.ts";
import { judgeFast, sorted } from "./judge-fast.ts";

type Row = Readonly<Record<string, unknown>>;

const cases = verdictCases();
const catalogue = loadCatalogue();

/** Both evaluators must say of every record what the case states of it, and the same of everything else. */
describe("what AWS documents about a record, case by case", () => {
  test.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    await withFolder(async (folder) => {
      const { expected } = one;
      const paths = layOut(one, folder);
      const { fast, explained } = await judgeBoth(one, paths.model);
      expect(stated(fast.map(toRow), expected), "the fast evaluator").toEqual(expected.records);
      expect(
        stated(
          explained.map(({ judgement }) => toRow(sorted(judgement))),
          expected,
        ),
        "explain",
      ).toEqual(expected.records);
      expect(explained.map(({ judgement }) => sorted(judgement))).toEqual(fast);
      await checkText(explained);
      if (!isStored(one)) return;
      const query = await openEvidence(await replayInto(folder, paths.logs, paths.model));
      try {
        const rows = await rowsOf(query, "from flows order by source_object, line");
        expect(stated(rows, expected), "the view flows").toEqual(expected.records);
        await checkReports(query, expected);
      } finally {
        query.close();
      }
    });
  });
});

/** A replay into an evidence file takes half a second: for the cases that speak of reports, and the records of AWS. */
function isStored({ name, expected }: VerdictCase): boolean {
  return Boolean(expected.reports ?? expected.absent) || /^(8-|two-records)/.test(name);
}

async function judgeBoth(
  { logs }: VerdictCase,
  path: string,
): Promise<{ fast: NamedJudgement[]; explained: Explanation[] }> {
  const model = await loadModel(path);
  const judged = judgeFast(model, [logs]);
  const explained = createExplainer(model).explain(judged.map(({ record }) => record));
  return { fast: judged.map(({ judgement }) => judgement), explained };
}

/** A judgement in the columns of the view `flows`. */
function toRow(judgement: NamedJudgement): Row {
  const { direction, initiator, evidence, verdict, agreement, cause, decidedBy, layers, snapshot } = judgement;
  return {
    direction,
    initiator,
    initiator_evidence: evidence,
    verdict,
    agreement,
    cause,
    decided_by: decidedBy,
    ...layers,
    nacl_rule_id: judgement.naclRuleId,
    sg_rule_ids: judgement.sgRuleIds,
    snapshot,
  };
}

/** Of each row what the case states. */
function stated(rows: readonly Row[], { records }: Expectation): Row[] {
  return rows.map((row, at) => {
    const wanted = Object.keys(records[at] ?? { agreement: "" });
    return Object.fromEntries(wanted.map((key) => [key, key === "sg_rule_ids" ? set(row[key]) : row[key]]));
  });
}

const set = (ids: unknown): unknown => (Array.isArray(ids) ? [...ids].sort() : ids);

const PLAIN = { style: { bold: (text: string) => text, dim: (text: string) => text }, width: 80 };

/** `explain` speaks of every record in 80 columns. */
async function checkText(explained: readonly Explanation[]): Promise<void> {
  let text = "";
  for await (const piece of renderExplanations(explained, PLAIN)) text += piece;
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(text).not.toMatch(/undefined|NaN|\[object/);
}

async function checkReports(query: EvidenceQuery, { reports = {}, absent = {} }: Expectation): Promise<void> {
  for (const [name, wanted] of [...Object.entries(reports), ...Object.entries(absent)]) {
    const { columns, chunks } = await runReport(query, findReport(catalogue, name));
    const rows: Row[] = [];
    for await (const chunk of chunks) rows.push(...chunk.map((values) => named(columns, values)));
    for (const row of wanted) {
      const same = rows.filter((found) => Object.keys(row).every((key) => equal(found[key], row[key])));
      const times = reports[name]?.includes(row) ? 1 : 0;
      expect({ report: name, row, times: same.length, rows }).toEqual({ report: name, row, times, rows });
    }
  }
}

const equal = (found: unknown, wanted: unknown): boolean => JSON.stringify(plain(found)) === JSON.stringify(wanted);
const plain = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

async function rowsOf(query: EvidenceQuery, sql: string): Promise<Row[]> {
  const { columns, rows } = await query.run(sql);
  return rows.map((values) => named(columns, values));
}

function named(columns: readonly { readonly name: string }[], values: readonly Plain[]): Row {
  return Object.fromEntries(columns.map(({ name }, at) => [name, values[at]]));
}

test("every case states its sentence, and something of every record", () => {
  const bare = cases.filter(({ expected: { section, sentence, records }, logs }) => {
    return !section || sentence.length < 10 || records.length === 0 || logs.length === 0;
  });
  expect(bare.map(({ name }) => name)).toEqual([]);
  expect(cases.length).toBeGreaterThan(100);
});
