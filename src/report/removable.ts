import type { RemovableRule, RemovableSet } from "../change/removable.ts";
import type { EvidenceQuery, ResultStream } from "../store/evidence-query.ts";
import { plural } from "../text.ts";
import { loadReport } from "./catalogue.ts";
import { type ItemColumns, queryRows, resultOf, type Row, streamOf } from "./rows.ts";
import { ruleColumnsOf } from "./rule-text.ts";
import { withDefaults } from "./run-report.ts";

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
  const { unused, gaps, classes } = await readRuleEvidence(query);
  const graded = rules.map((one) => ({
    ...one,
    ...(unused.get(one.rule.id) ?? hitGrade(one, gaps.get(one.rule.id), classes.get(one.rule.id) ?? "none")),
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
function hitGrade({ connections, coveredBy }: RemovableRule, gap: string | undefined, usageClass: string): Grade {
  const why =
    coveredBy.length > 0
      ? `rules that stay also admit its ${plural(connections, "connection")}`
      : `${plural(connections, "connection")}, none of them real`;
  if (gap !== undefined) return { status: "insufficient_evidence", reason: `${why}; ${gap}` };
  return { status: coveredBy.length > 0 ? "redundant" : usageClass, reason: why };
}

/** The status of the evidence for a rule, with the reason. */
export interface Grade {
  readonly status: string;
  readonly reason: string;
}

/** What the evidence says about the use of rules, by rule id. */
export interface RuleEvidence {
  /** Grades of rules without a hit, from the report `unused-rules`. */
  readonly unused: ReadonlyMap<string, Grade>;
  /** What is missing in the log at the interfaces of the rule. */
  readonly gaps: ReadonlyMap<string, string>;
  /** `usage_class`; `null` for network ACL entries with records. */
  readonly classes: ReadonlyMap<string, string>;
}

export async function readRuleEvidence(query: EvidenceQuery): Promise<RuleEvidence> {
  const unused = await queryRows(query, withDefaults(loadReport("unused-rules")));
  const gaps = await queryRows(query, GAPS);
  const usage = await queryRows(query, "select rule_id, usage_class from rule_usage");
  return {
    unused: new Map(
      unused.map((row) => [String(row.rule_id), { status: String(row.status), reason: String(row.reason ?? "") }]),
    ),
    gaps: new Map(gaps.map((row) => [String(row.rule_id), gapText(row)])),
    classes: new Map(usage.map((row) => [String(row.rule_id), String(row.usage_class)])),
  };
}

const GAPS = /* sql */ `
select
  r.rule_id, count(*) as interfaces, count_if(c.evidence <> 'complete') as incomplete,
  bool_or(c.log_type in ('reject_only', 'none')) as one_sided
from rule_interfaces r
join interface_dim i using (interface_idx)
join coverage c using (interface_id)
group by all
having incomplete > 0 or one_sided`;

function gapText({ interfaces, incomplete }: Row): string {
  return Number(incomplete) > 0
    ? `logs are incomplete at ${incomplete} of ${plural(interfaces, "interface")}`
    : "the log has no accepted traffic";
}
