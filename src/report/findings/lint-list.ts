import type { LintFinding } from "../../analysis/lint/finding.ts";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import { firstOf } from "../../text.ts";
import { type RenderOptions, visible } from "../renderers/renderer.ts";
import { hangingIndent } from "../renderers/text-layout.ts";
import { type ItemColumns, rowStream } from "../rows.ts";
import { addFinding, type Finding, findingOf } from "./finding.ts";
import { lintKind } from "./kinds.ts";
import { type ReviewedFinding, suppression } from "./review.ts";

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
    const made = findingOf(lintKind(finding.check), row);
    const own = byCheck.get(finding.check) ?? new Map<string, Finding>();
    byCheck.set(finding.check, own);
    if (made !== null) addFinding(own, made);
  }
  return byCheck;
}

/** Findings as rows, for programs; a review adds columns. */
export function findingRows(
  findings: readonly ReviewedFinding[],
  { withBaseline, showSuppressed }: { readonly withBaseline: boolean; readonly showSuppressed: boolean },
): ResultStream {
  const extra = ["finding_id", ...(withBaseline ? ["baseline"] : []), ...(showSuppressed ? ["suppressed"] : [])];
  const rows = findings.map((one): Plain[] => [
    ...COLUMNS.map(([name]) => one.finding.row[name] ?? null),
    one.finding.id,
    ...(withBaseline ? [one.baseline] : []),
    ...(showSuppressed ? [suppression(one)] : []),
  ]);
  return rowStream(
    [...COLUMNS.map(([name, type]) => [name, type] as const), ...extra.map((name) => [name, "VARCHAR"] as const)],
    rows,
  );
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
