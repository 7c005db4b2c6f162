import type { LintFinding } from "../../analysis/lint/finding.ts";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import { rowObject } from "../renderers/formats.ts";
import { type RenderOptions, visible } from "../renderers/renderer.ts";
import { rowStream } from "../row-stream.ts";
import { type ReviewedFinding, suppression } from "./review.ts";
import { addFinding, type Finding, findingOf } from "./finding.ts";
import { lintKind } from "./kinds.ts";

/** A finding and the line of its file, null where there is none. */
export interface PlacedFinding {
  readonly finding: LintFinding;
  readonly line: number | null;
}

const COLUMNS = [
  ["check", "VARCHAR"],
  ["severity", "VARCHAR"],
  ["subject_id", "VARCHAR"],
  ["message", "VARCHAR"],
  ["rule_ids", "VARCHAR[]"],
  ["covering_rule_ids", "VARCHAR[]"],
  ["file", "VARCHAR"],
  ["line", "INTEGER"],
  ["detail", "VARCHAR"],
] as const;

/** What `lint` found as findings of the common model, by check. */
export function lintFindings(placed: readonly PlacedFinding[]): Map<string, Map<string, Finding>> {
  const byCheck = new Map<string, Map<string, Finding>>();
  const names = COLUMNS.map(([name]) => name);
  for (const { finding, line } of placed) {
    const cells: Plain[] = [
      finding.check,
      finding.severity,
      finding.subjectId,
      finding.message,
      finding.ruleIds,
      finding.coveringRuleIds,
      finding.origin.file,
      line,
      finding.detail ?? null,
    ];
    const made = findingOf(lintKind(finding.check), rowObject(names, cells));
    const own = byCheck.get(finding.check) ?? new Map<string, Finding>();
    byCheck.set(finding.check, own);
    if (made !== null) addFinding(own, made);
  }
  return byCheck;
}

/** Findings as rows, for programs; the review stands in columns of its own where there is one. */
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
  return rowStream([...COLUMNS, ...extra.map((name) => [name, "VARCHAR"] as const)], rows);
}

const INDENT = " ".repeat(8);
const RULES_SHOWN = 3;

/** Findings for people: what and where, why, and which rules, each on lines of its own, because no table is that wide. */
export async function* renderFindings(
  findings: readonly ReviewedFinding[],
  { width, style }: RenderOptions,
): AsyncGenerator<string> {
  for (const one of findings) {
    const { check, severity, message, ruleIds, resourceIds, row } = one.finding;
    const state = one.baseline === null ? "" : `  ${one.baseline}`;
    yield `${severity.padEnd(INDENT.length)}${style.bold(visible(check))}  ${visible(resourceIds.join(" "))}${state}\n`;
    yield `${wrapText(visible(message), width - INDENT.length)}\n`;
    const more = ruleIds.length > RULES_SHOWN ? ` and ${ruleIds.length - RULES_SHOWN} more` : "";
    if (ruleIds.length > 0) yield style.dim(`${INDENT}${visible(ruleIds.slice(0, RULES_SHOWN).join(", "))}${more}\n`);
    const line = typeof row.line === "number" ? `:${row.line}` : "";
    yield style.dim(`${INDENT}${visible(String(row.file ?? ""))}${line}\n`);
    const accepted = suppression(one);
    if (accepted !== null) yield style.dim(`${wrapText(visible(`suppressed: ${accepted}`), width - INDENT.length)}\n`);
  }
}

function wrapText(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((one) => INDENT + one).join("\n");
}
