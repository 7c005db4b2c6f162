import type { Reader } from "../store/reader.ts";
import { findReport, loadCatalogue } from "./catalogue.ts";
import { runReport } from "./run-report.ts";
import { plural } from "./summary-text.ts";

/** The worth of the evidence for what is said of a rule. */
export interface Graded {
  readonly status: string;
  readonly reason: string;
}

/** Rules without a hit, as `unused-rules` grades them. */
export async function unusedGrades(reader: Reader): Promise<Map<string, Graded>> {
  const { columns, chunks } = await runReport(reader, findReport(loadCatalogue(), "unused-rules"));
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

export async function evidenceOf(reader: Reader): Promise<Map<string, Evidence>> {
  const { rows } = await reader.run(`
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
export async function usageClasses(reader: Reader): Promise<Map<string, string>> {
  const { rows } = await reader.run("select rule_id, usage_class from rule_usage");
  return new Map(rows.map(([id, name]) => [String(id), String(name)]));
}
