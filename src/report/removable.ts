import type { RemovableRule, RemovableSet } from "../change/removable.ts";
import type { EvidenceQuery, ResultStream } from "../store/evidence-query.ts";
import { findReport, loadCatalogue } from "./catalogue.ts";
import { type ColumnTypes, rowStream } from "./row-stream.ts";
import { RULE_COLUMNS, ruleCells } from "./rule-cells.ts";
import { runReport } from "./run-report.ts";
import { plural } from "./summary-text.ts";

const COLUMNS: ColumnTypes = [
  ["rule_id", "VARCHAR"],
  ["status", "VARCHAR"],
  ["reason", "VARCHAR"],
  ["covered_by", "VARCHAR[]"],
  ["connections", "UBIGINT"],
  ["breadth", "UINTEGER"],
  ...RULE_COLUMNS,
];

/** A rule of a removable set with the worth of the evidence for it. */
export interface GradedRule extends RemovableRule {
  /**
   * `unused`, `redundant`, `scanner_only` and `replyless` (real traffic only), `unattached`; `insufficient_evidence` where
   * the log has gaps, `unobservable` where AWS logs no such traffic.
   */
  readonly status: string;
  readonly reason: string;
}

/** What a script may act on: the evidence for it is whole. */
export function isProven({ status }: GradedRule): boolean {
  return status !== "insufficient_evidence" && status !== "unobservable";
}

/** By status, the broadest first. */
export async function gradeRemovable(query: EvidenceQuery, { rules }: RemovableSet): Promise<GradedRule[]> {
  const unused = await unusedGrades(query);
  const evidence = await evidenceOf(query);
  const classes = await usageClasses(query);
  const graded = rules.map((one) => ({
    ...one,
    ...(unused.get(one.rule.id) ?? hitGrade(one, evidence.get(one.rule.id), classes.get(one.rule.id) ?? "none")),
  }));
  return graded.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || b.breadth - a.breadth);
}

export function removableRows(rules: readonly GradedRule[]): ResultStream {
  const rows = rules.map(({ rule, status, reason, coveredBy, connections, breadth }) => {
    return [rule.id, status, reason, coveredBy, connections, breadth, ...ruleCells(rule)];
  });
  return rowStream(COLUMNS, rows);
}

const ORDER = [
  "unused",
  "redundant",
  "scanner_only",
  "replyless",
  "unattached",
  "insufficient_evidence",
  "unobservable",
];

/** A rule that was hit and may go all the same. */
function hitGrade(
  { connections, coveredBy }: RemovableRule,
  evidence: Evidence | undefined,
  usageClass: string,
): Graded {
  const why =
    coveredBy.length > 0
      ? `rules that stay also admitted its ${plural(connections, "connection")}`
      : `${plural(connections, "connection")}, none of them real`;
  const gap = evidenceGap(evidence);
  if (gap !== null) return { status: "insufficient_evidence", reason: `${why}; ${gap}` };
  return { status: coveredBy.length > 0 ? "redundant" : usageClass, reason: why };
}

/** The worth of the evidence for what is said of a rule. */
export interface Graded {
  readonly status: string;
  readonly reason: string;
}

/** Rules without a hit, as `unused-rules` grades them. */
export async function unusedGrades(query: EvidenceQuery): Promise<Map<string, Graded>> {
  const { columns, chunks } = await runReport(query, findReport(loadCatalogue(), "unused-rules"));
  const [id, status, reason] = ["rule_id", "status", "reason"].map((name) =>
    columns.findIndex((one) => one.name === name),
  );
  const grades = new Map<string, Graded>();
  for await (const rows of chunks) {
    for (const row of rows)
      grades.set(String(row[id]), { status: String(row[status]), reason: String(row[reason] ?? "") });
  }
  return grades;
}

/** How far the log tells what happened where a rule stands. */
export interface Evidence {
  readonly interfaces: number;
  readonly incomplete: number;
  readonly oneSided: boolean;
}

export async function evidenceOf(query: EvidenceQuery): Promise<Map<string, Evidence>> {
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

/** What is missing, null where nothing is. */
export function evidenceGap(evidence: Evidence | undefined): string | null {
  if (!evidence) return null;
  if (evidence.incomplete > 0) {
    return `logs are incomplete at ${evidence.incomplete} of ${plural(evidence.interfaces, "interface")}`;
  }
  return evidence.oneSided ? "the log holds no accepted traffic" : null;
}

/** `usage_class` by rule id; null for network ACL entries with records. */
export async function usageClasses(query: EvidenceQuery): Promise<Map<string, string>> {
  const { rows } = await query.run("select rule_id, usage_class from rule_usage");
  return new Map(rows.map(([id, name]) => [String(id), String(name)]));
}
