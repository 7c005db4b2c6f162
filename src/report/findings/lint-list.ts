import type { LintFinding } from "../../analysis/lint/finding.ts";
import type { ResultStream } from "../../store/evidence-query.ts";
import { firstOf } from "../../text.ts";
import { type RenderOptions, visible } from "../renderers/renderer.ts";
import { hangingIndent } from "../renderers/text-layout.ts";
import { type ItemColumns, resultOf, streamOf } from "../rows.ts";
import { addFinding, type Finding } from "./finding.ts";
import { lintKind } from "./kinds.ts";
import { type Annotation, reviewColumns, type ReviewedFinding, suppression } from "./review.ts";

/** A finding with the line of its file, if known. */
export interface LocatedFinding {
  readonly finding: LintFinding;
  readonly line: number | null;
}

const COLUMNS: ItemColumns<LocatedFinding> = [
  ["check", "VARCHAR", ({ finding }) => finding.check],
  ["severity", "VARCHAR", ({ finding }) => finding.severity],
  ["subject_id", "VARCHAR", ({ finding }) => finding.subjectId],
  ["message", "VARCHAR", ({ finding }) => finding.message],
  ["rule_ids", "VARCHAR[]", ({ finding }) => finding.ruleIds],
  ["covering_rule_ids", "VARCHAR[]", ({ finding }) => finding.coveringRuleIds],
  ["file", "VARCHAR", ({ finding }) => finding.origin.file],
  ["line", "INTEGER", ({ line }) => line],
  ["detail", "VARCHAR", ({ finding }) => finding.detail ?? null],
];

/** The findings of `lint` as findings like those of reports, by check. */
export function lintFindings(located: readonly LocatedFinding[]): Map<string, Map<string, Finding>> {
  const byCheck = new Map<string, Map<string, Finding>>();
  for (const one of located) {
    const { finding } = one;
    const row = Object.fromEntries(COLUMNS.map(([name, , value]) => [name, value(one)]));
    const own = byCheck.get(finding.check) ?? new Map<string, Finding>();
    byCheck.set(finding.check, own);
    addFinding(own, lintKind(finding.check), row);
  }
  return byCheck;
}

/** Findings as rows, for programs; a review adds columns. */
export function findingRows(
  findings: readonly ReviewedFinding[],
  shown: Pick<Annotation, "withBaseline" | "showSuppressed">,
): ResultStream {
  const columns: ItemColumns<ReviewedFinding> = [
    ...COLUMNS.map(
      ([name, type]) => [name, type, ({ finding }: ReviewedFinding) => finding.row[name] ?? null] as const,
    ),
    ["finding_id", "VARCHAR", ({ finding }) => finding.id],
    ...reviewColumns(shown),
  ];
  return streamOf(resultOf(columns, findings));
}

const INDENT = " ".repeat(8);
const RULES_SHOWN = 3;

/** Findings for people, in lines: a table would be too wide. */
export async function* renderFindings(
  findings: readonly ReviewedFinding[],
  { width, style }: RenderOptions,
): AsyncGenerator<string> {
  for (const one of findings) {
    const { check, severity, message, ruleIds, resourceIds, row } = one.finding;
    const state = one.baseline === null ? "" : `  ${one.baseline}`;
    yield `${severity.padEnd(INDENT.length)}${style.bold(visible(check))}  ${visible(resourceIds.join(" "))}${state}\n`;
    yield hangingIndent(INDENT, visible(message), width);
    if (ruleIds.length > 0) yield style.dim(`${INDENT}${visible(firstOf(ruleIds, RULES_SHOWN))}\n`);
    const line = typeof row.line === "number" ? `:${row.line}` : "";
    yield style.dim(`${INDENT}${visible(String(row.file ?? ""))}${line}\n`);
    const accepted = suppression(one);
    if (accepted !== null) yield style.dim(hangingIndent(INDENT, visible(`suppressed: ${accepted}`), width));
  }
}
