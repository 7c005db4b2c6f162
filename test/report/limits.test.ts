import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadCatalogue, type Report } from "../../src/report/catalogue.ts";
import { tableBlock } from "../../src/report/html/table-block.ts";
import type { OutputFormat } from "../../src/report/renderers/formats.ts";
import { type Annotate, countRows, renderSections, runReport } from "../../src/report/run-report.ts";
import { type EvidenceQuery, openEvidence } from "../../src/store/evidence-query.ts";
import { inWorld, withEvidence } from "../helpers/evidence.ts";

/** A report that stops at a limit says how many rows it left out, in every format. The evidence is that of its case. */
const CASES = fileURLToPath(new URL("../cases/queries/", import.meta.url));
const limited = loadCatalogue().filter((report) => report.parameters.some(({ name }) => name === "limit"));
const STYLE = { bold: (text: string) => text, dim: (text: string) => text };

interface Rendered {
  readonly text: string;
  readonly notes: readonly string[];
}

async function render(
  evidence: EvidenceQuery,
  report: Report,
  limit: number,
  format: OutputFormat,
  times = 1,
): Promise<Rendered> {
  const notes: string[] = [];
  const reports = Array<Report>(times).fill(report);
  const given = { ...parametersOf(report), limit: String(limit) };
  const options = { width: 80, style: STYLE };
  const same: Annotate = async () => (rows) => rows;
  const pieces = renderSections(evidence, reports, given, format, options, same, (text) => notes.push(text));
  let text = "";
  for await (const piece of pieces) text += piece;
  return { text, notes };
}

function caseOf(report: Report): string {
  return `${CASES}${readdirSync(CASES).find((name) => name === report.name || name.startsWith(`${report.name}.`))}`;
}

function parametersOf(report: Report): Record<string, string> {
  const folder = caseOf(report);
  return readdirSync(folder).includes("parameters.json")
    ? (JSON.parse(readFileSync(`${folder}/parameters.json`, "utf8")) as Record<string, string>)
    : {};
}

test("there are reports with a limit", () => expect(limited.length).toBeGreaterThan(15));

describe.each(limited.map((report) => [report.name, report] as const))("%s", (name, report) => {
  const inEvidence = (use: (evidence: EvidenceQuery, all: number) => Promise<void>): Promise<void> =>
    withEvidence(inWorld(readFileSync(`${caseOf(report)}/evidence.sql`, "utf8")), async (path) => {
      const evidence = await openEvidence(path);
      const all = await countRows(evidence, report, parametersOf(report));
      expect(all).toBeGreaterThan(0);
      await use(evidence, all);
      evidence.close();
    });

  test("says how many rows it left out", () =>
    inEvidence(async (evidence, all) => {
      const said = (rest: number): string =>
        `${name}: ${rest === 1 ? "1 more row is" : `${rest} more rows are`} left out; use --param limit=${all}`;
      for (const format of ["table", "markdown"] as const) {
        const { text, notes } = await render(evidence, report, all - 1, format);
        expect(text.trimEnd().split("\n").at(-1)).toBe(said(1));
        expect(notes).toEqual([]);
      }
      const csv = await render(evidence, report, 0, "csv");
      expect([csv.notes, csv.text.includes("left out")]).toEqual([[said(all)], false]);
      expect((await render(evidence, report, all - 1, "json", 2)).notes).toEqual([said(1), said(1)]);
      const rows = await runReport(evidence, report, { ...parametersOf(report), limit: String(all - 1) });
      expect((await tableBlock(rows, { id: "rows", caption: "" })).more).toBe(said(1));
    }));

  test("says nothing when it left out none", () =>
    inEvidence(async (evidence, all) => {
      for (const format of ["table", "json"] as const) {
        const { text, notes } = await render(evidence, report, all, format);
        expect([text.includes("left out"), notes]).toEqual([false, []]);
      }
    }));
});
