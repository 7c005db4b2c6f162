import { CHECKS, type CheckId, SEVERITIES } from "../../analysis/lint/finding.ts";
import type { Report } from "../catalogue.ts";
import type { FindingKind } from "./finding.ts";
import { DETECTION_KINDS, HEALTH_KINDS, type KindDetails, MISMATCH_KINDS, RULE_KINDS, text } from "./kind-tables.ts";

const DETAILS: ReadonlyMap<string, KindDetails> = new Map(
  [MISMATCH_KINDS, RULE_KINDS, DETECTION_KINDS, HEALTH_KINDS].flatMap((kinds) => Object.entries(kinds)),
);

/** The findings of an audit if no report is named: those that need a decision, each from one report only. */
export const AUDIT_REPORTS: readonly string[] = [
  "mismatch-summary",
  "nacl-return-path",
  "unused-rules",
  "stale-open-rules",
  "redundant-rules",
  "overbroad-rules",
  "shadowed-rules",
  "rejected-probes",
  "probes-on-open-rules",
  "brute-force",
  "accepted-after-reject",
  "admin-ports-from-internet",
  "coverage",
];

/** How the rows of a report become findings; null for a report that lists facts (`rule-usage`, `top-talkers`, ...). */
export function kindOf(report: Report): FindingKind | null {
  const details = DETAILS.get(report.name);
  if (details === undefined) return null;
  const { name: check, title, description, severity } = report;
  return {
    check,
    title,
    description,
    rules: () => [],
    resources: [],
    covering: [],
    state: () => "fail",
    severity: () => severity ?? "low",
    message: (row) => `${title}: ${details.key.map((name) => `${name} ${text(row[name])}`).join(", ")}`,
    ...details,
  };
}

/** The findings of a check of `lint`. The columns are those that `lint` prints. */
export function lintKind(check: CheckId): FindingKind {
  return {
    check,
    title: CHECKS[check],
    description: CHECKS[check],
    class: "compliance",
    key: ["subject_id", "rule_ids", "detail"],
    rules: () => ["rule_ids"],
    resources: ["subject_id"],
    covering: ["covering_rule_ids"],
    state: () => "fail",
    severity: (row) => SEVERITIES.find((one) => one === row.severity) ?? "info",
    message: (row) => text(row.message),
  };
}

export const LINT_CHECKS: readonly CheckId[] = Object.keys(CHECKS) as CheckId[];

/** The names of all checks: reports with findings, and checks of `lint`. */
export const ALL_CHECKS: ReadonlySet<string> = new Set([...DETAILS.keys(), ...LINT_CHECKS]);
