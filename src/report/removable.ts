import { AppError } from "../errors.ts";
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
   * `unused`, `redundant`, `scanner_only` and `replyless` (with `--real-only`), `unattached`; `short_window` if the log is too
   * short for any of these, `insufficient_evidence` if it has gaps, `unobservable` if AWS logs no such traffic.
   */
  readonly status: string;
  readonly reason: string;
  readonly window: RuleWindow;
}

/** The evidence is complete, so a script may remove the rule. */
export function isProven({ status, window }: GradedRule): boolean {
  return status !== "insufficient_evidence" && status !== "unobservable" && !window.short;
}

/** By status, the broadest first. */
export async function gradeRemovable(
  query: EvidenceQuery,
  { rules }: RemovableSet,
  minDays: number,
): Promise<GradedRule[]> {
  const evidence = await readRuleEvidence(query, minDays);
  const graded = rules.map((one) => {
    const window = evidence.windows.get(one.rule.id) ?? NO_WINDOW;
    return { ...one, ...(evidence.unused.get(one.rule.id) ?? hitGrade(one, evidence, window)), window };
  });
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
  ["window", "VARCHAR", ({ window }) => window.ends],
];

export function removableRows(rules: readonly GradedRule[]): ResultStream {
  return streamOf(resultOf(COLUMNS, rules));
}

const ORDER =
  "unused redundant scanner_only replyless unattached short_window insufficient_evidence unobservable".split(" ");

/** The grade of a rule that was hit. */
function hitGrade({ rule, connections, coveredBy }: RemovableRule, evidence: RuleEvidence, window: RuleWindow): Grade {
  const gap = evidence.gaps.get(rule.id);
  const why =
    coveredBy.length > 0
      ? `rules that stay also admit its ${plural(connections, "connection")}`
      : `${plural(connections, "connection")}, none of them real`;
  if (gap !== undefined) return { status: "insufficient_evidence", reason: `${why}; ${gap}` };
  if (window.short) return { status: "short_window", reason: `${why}; ${window.short}` };
  return { status: coveredBy.length > 0 ? "redundant" : (evidence.classes.get(rule.id) ?? "none"), reason: why };
}

/** The status of the evidence for a rule, with the reason. */
export interface Grade {
  readonly status: string;
  readonly reason: string;
}

/** The time for which the log shows what a rule admitted. */
export interface RuleWindow {
  /** From and to, as reports write it. */
  readonly ends: string | null;
  /** With its length, for people. */
  readonly text: string | null;
  /** Says that it is too short to prove anything; null if it is not. */
  readonly short: string | null;
}

const NO_WINDOW: RuleWindow = { ends: null, text: null, short: null };

/** What the evidence says about the use of rules, by rule id. */
export interface RuleEvidence {
  /** Grades of rules without a hit, from the report `unused-rules`. */
  readonly unused: ReadonlyMap<string, Grade>;
  /** What is missing in the log at the interfaces of the rule. */
  readonly gaps: ReadonlyMap<string, string>;
  /** `usage_class`; `null` for network ACL entries with records. */
  readonly classes: ReadonlyMap<string, string>;
  readonly windows: ReadonlyMap<string, RuleWindow>;
}

export async function readRuleEvidence(query: EvidenceQuery, minDays: number): Promise<RuleEvidence> {
  const unused = await queryRows(query, withDefaults(loadReport("unused-rules"), minDays));
  const evidence = await queryRows(query, EVIDENCE, { min_days: minDays });
  const usage = await queryRows(query, "select rule_id, usage_class from rule_usage");
  return {
    unused: new Map(
      unused.map((row) => [String(row.rule_id), { status: String(row.status), reason: String(row.reason ?? "") }]),
    ),
    gaps: new Map(
      evidence.flatMap(({ rule_id: id, missing }) => (missing === null ? [] : [[String(id), String(missing)]])),
    ),
    windows: new Map(evidence.map((row) => [String(row.rule_id), windowOf(row)])),
    classes: new Map(usage.map((row) => [String(row.rule_id), String(row.usage_class)])),
  };
}

const EVIDENCE = /* sql */ `
select
  rule_id,
  missing,
  window_text(window_from, window_to) as ends,
  window_length(window_from, window_to) as length,
  short_text(window_from, window_to, $min_days) as short
from rule_evidence`;

function windowOf({ ends, length, short }: Row): RuleWindow {
  return {
    ends: ends === null ? null : String(ends),
    text: ends === null ? null : `${String(ends)} (${String(length)})`,
    short: short === null ? null : String(short),
  };
}

/**
 * What a script may change. Refused if it would change nothing only because the log is too short: a script outlives the note
 * that says so.
 * @throws AppError E_USAGE
 */
export function longEnough<T>(changes: readonly T[], may: (one: T) => boolean, window: (one: T) => RuleWindow): T[] {
  const proven = changes.filter(may);
  const short = changes.map((one) => window(one).short).find((one) => one !== null);
  if (proven.length > 0 || short === undefined) return proven;
  throw new AppError("E_USAGE", `no script: ${short}`, {
    hint: "replay more of the log, or give --min-days N with the days that are enough for you (0: any)",
  });
}
