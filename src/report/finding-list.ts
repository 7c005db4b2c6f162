import type { Finding } from "../policy/lint/finding.ts";
import type { Plain, ResultStream } from "../store/reader.ts";
import { type RenderOptions, visible } from "./renderers/renderer.ts";

/** A finding and the line of its file, null where there is none. */
export interface PlacedFinding {
  readonly finding: Finding;
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
] as const;

/** Findings as rows, for programs. */
export function findingRows(findings: readonly PlacedFinding[]): ResultStream {
  const rows = findings.map(({ finding, line }): Plain[] => [
    finding.check,
    finding.severity,
    finding.subjectId,
    finding.message,
    finding.ruleIds,
    finding.coveringRuleIds,
    finding.origin.file,
    line,
  ]);
  const chunks = async function* (): AsyncGenerator<Plain[][]> {
    yield rows;
  };
  return { columns: COLUMNS.map(([name, type]) => ({ name, type })), chunks: chunks() };
}

const INDENT = " ".repeat(8);
const RULES_SHOWN = 3;

/** Findings for people: what and where, why, and which rules, each on lines of its own, because no table is that wide. */
export async function* renderFindings(
  findings: readonly PlacedFinding[],
  { width, style }: RenderOptions,
): AsyncGenerator<string> {
  for (const { finding, line } of findings) {
    const { check, severity, subjectId, message, ruleIds, origin } = finding;
    yield `${severity.padEnd(INDENT.length)}${style.bold(visible(check))}  ${visible(subjectId)}\n`;
    yield `${wrapText(visible(message), width - INDENT.length)}\n`;
    const more = ruleIds.length > RULES_SHOWN ? ` and ${ruleIds.length - RULES_SHOWN} more` : "";
    if (ruleIds.length > 0) yield style.dim(`${INDENT}${visible(ruleIds.slice(0, RULES_SHOWN).join(", "))}${more}\n`);
    yield style.dim(`${INDENT}${visible(origin.file)}${line === null ? "" : `:${line}`}\n`);
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
