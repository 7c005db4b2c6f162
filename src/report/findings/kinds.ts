import { CHECKS, type CheckId, SEVERITIES, type Severity } from "../../analysis/lint/finding.ts";
import type { Report } from "../catalogue.ts";
import type { FindingKind, FindingRow } from "./finding.ts";
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
  return {
    check: report.name,
    title: report.title,
    description: report.description,
    class: details.class,
    key: details.key,
    rules: ruleColumns(details.rules ?? []),
    resources: details.resources ?? [],
    covering: details.covering ?? [],
    state: details.state ?? (() => "fail"),
    severity: details.severity ?? (() => report.severity ?? "low"),
    message:
      details.message ??
      ((row) => `${report.title}: ${details.key.map((name) => `${name} ${text(row[name])}`).join(", ")}`),
  };
}

function ruleColumns(rules: NonNullable<KindDetails["rules"]>): FindingKind["rules"] {
  return typeof rules === "function" ? rules : () => rules;
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
    severity: lintSeverity,
    message: (row) => text(row.message),
  };
}

export const LINT_CHECKS: readonly CheckId[] = Object.keys(CHECKS) as CheckId[];

function lintSeverity(row: FindingRow): Severity {
  return SEVERITIES.find((one) => one === row.severity) ?? "info";
}

/** The names of all checks: reports with findings, and checks of `lint`. */
export const ALL_CHECKS: ReadonlySet<string> = new Set([...DETAILS.keys(), ...LINT_CHECKS]);
