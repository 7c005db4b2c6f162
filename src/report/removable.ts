import type { RemovableRule, RemovableSet } from "../change/removable.ts";
import type { EvidenceQuery, ResultStream } from "../store/evidence-query.ts";
import { plural } from "../text.ts";
import { findReport, loadCatalogue } from "./catalogue.ts";
import { type ItemColumns, resultOf, streamOf } from "./rows.ts";
import { ruleColumnsOf } from "./rule-text.ts";
import { runReport } from "./run-report.ts";

/** A rule of a removable set with the status of its evidence. */
export interface GradedRule extends RemovableRule {
  /**
   * `unused`, `redundant`, `scanner_only` and `replyless` (with `--real-only`), `unattached`; `insufficient_evidence` if the
   * log has gaps, `unobservable` if AWS logs no such traffic.
   */
  readonly status: string;
  readonly reason: string;
}

/** The evidence is complete, so a script may remove the rule. */
export function isProven({ status }: GradedRule): boolean {
  return status !== "insufficient_evidence" && status !== "unobservable";
}

/** By status, the broadest first. */
export async function gradeRemovable(query: EvidenceQuery, { rules }: RemovableSet): Promise<GradedRule[]> {
  const unused = await unusedGrades(query);
  const evidence = await completenessOf(query);
  const classes = await usageClasses(query);
  const graded = rules.map((one) => ({
    ...one,
    ...(unused.get(one.rule.id) ?? hitGrade(one, evidence.get(one.rule.id), classes.get(one.rule.id) ?? "none")),
  }));
  return graded.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || b.breadth - a.breadth);
}

const COLUMNS: ItemColumns<GradedRule> = [
  ["rule_id", "VARCHAR", ({ rule }) => rule.id],
  ["status", "VARCHAR", ({ status }) => status],
  ["reason", "VARCHAR", ({ reason }) => reason],
  ["covered_by", "VARCHAR[]", ({ coveredBy }) => coveredBy],
  ["connections", "UBIGINT", ({ connections }) => connections],
  ["breadth", "UINTEGER", ({ breadth }) => breadth],
  ...ruleColumnsOf<GradedRule>(),
];

export function removableRows(rules: readonly GradedRule[]): ResultStream {
  return streamOf(resultOf(COLUMNS, rules));
}

const ORDER = "unused redundant scanner_only replyless unattached insufficient_evidence unobservable".split(" ");

/** The grade of a rule that was hit. */
function hitGrade(
  { connections, coveredBy }: RemovableRule,
  evidence: LogCompleteness | undefined,
  usageClass: string,
): Grade {
  const why =
    coveredBy.length > 0
      ? `rules that stay also admit its ${plural(connections, "connection")}`
      : `${plural(connections, "connection")}, none of them real`;
  const gap = evidenceGap(evidence);
  if (gap !== null) return { status: "insufficient_evidence", reason: `${why}; ${gap}` };
  return { status: coveredBy.length > 0 ? "redundant" : usageClass, reason: why };
}

/** The status of the evidence for a rule, with the reason. */
export interface Grade {
  readonly status: string;
  readonly reason: string;
}

/** Grades of rules without a hit, from the report `unused-rules`. */
export async function unusedGrades(query: EvidenceQuery): Promise<Map<string, Grade>> {
  const { columns, chunks } = await runReport(query, findReport(loadCatalogue(), "unused-rules"));
  const [id, status, reason] = ["rule_id", "status", "reason"].map((name) =>
    columns.findIndex((one) => one.name === name),
  );
  const grades = new Map<string, Grade>();
  for await (const rows of chunks) {
    for (const row of rows)
      grades.set(String(row[id]), { status: String(row[status]), reason: String(row[reason] ?? "") });
  }
  return grades;
}

/** Completeness of the log at the interfaces of a rule. */
export interface LogCompleteness {
  readonly interfaces: number;
  readonly incomplete: number;
  readonly oneSided: boolean;
}

export async function completenessOf(query: EvidenceQuery): Promise<Map<string, LogCompleteness>> {
  const { rows } = await query.run(`
    select r.rule_id, count(*), count_if(c.evidence <> 'complete'), bool_or(c.log_type in ('reject_only', 'none'))
    from rule_interfaces r
    join interface_dim i using (interface_idx)
    join coverage c using (interface_id)
    group by all`);
  return new Map(
    rows.map(([id, interfaces, incomplete, oneSided]) => [
      String(id),
      { interfaces: Number(interfaces), incomplete: Number(incomplete), oneSided: oneSided === true },
    ]),
  );
}

/** What is missing; null if the log is complete. */
export function evidenceGap(evidence: LogCompleteness | undefined): string | null {
  if (!evidence) return null;
  if (evidence.incomplete > 0) {
    return `logs are incomplete at ${evidence.incomplete} of ${plural(evidence.interfaces, "interface")}`;
  }
  return evidence.oneSided ? "the log has no accepted traffic" : null;
}

/** `usage_class` by rule id; null for network ACL entries with records. */
export async function usageClasses(query: EvidenceQuery): Promise<Map<string, string>> {
  const { rows } = await query.run("select rule_id, usage_class from rule_usage");
  return new Map(rows.map(([id, name]) => [String(id), String(name)]));
}
