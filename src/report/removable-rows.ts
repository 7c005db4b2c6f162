import type { RemovableRule, RemovableSet } from "../change/removable.ts";
import type { Reader, ResultStream } from "../store/reader.ts";
import { type ColumnTypes, rowStream } from "./row-stream.ts";
import { ruleCells, RULE_COLUMNS } from "./rule-cells.ts";
import { type Evidence, evidenceGap, evidenceOf, type Graded, unusedGrades, usageClasses } from "./rule-grades.ts";
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
export async function gradeRemovable(reader: Reader, { rules }: RemovableSet): Promise<GradedRule[]> {
  const unused = await unusedGrades(reader);
  const evidence = await evidenceOf(reader);
  const classes = await usageClasses(reader);
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
