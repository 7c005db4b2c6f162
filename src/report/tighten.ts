import type { CurvePoint, HoldOut, TightenedRule } from "../change/tighten/propose.ts";
import { AppError } from "../errors.ts";
import type { SecurityGroupRule } from "../model/model.ts";
import type { Result, ResultStream } from "../store/evidence-query.ts";
import { count, plural } from "../text.ts";
import type { RuleChange } from "./change-scripts.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { bar, grid, paragraph } from "./renderers/text-layout.ts";
import { type ItemColumns, resultOf, streamOf } from "./rows.ts";
import { groupRuleText, ruleColumnsOf } from "./rule-text.ts";
import type { Candidates } from "./tighten-candidates.ts";

function holdOutColumns<T extends { readonly holdOut: HoldOut | null }>(): ItemColumns<T> {
  return [
    ["held_back_records", "UBIGINT", ({ holdOut }) => holdOut?.records ?? null],
    ["held_back_denied", "UBIGINT", ({ holdOut }) => holdOut?.broken ?? null],
    ["breakage_rate", "DOUBLE", ({ holdOut }) => breakageRate(holdOut)],
  ];
}

/** A tightened rule, or one that nothing narrower is proposed for; then most columns are null. */
interface ListedRule extends Pick<TightenedRule, "rule" | "breadth" | "reason"> {
  readonly window: string | null;
  readonly status: string;
  readonly owner: string | null;
  readonly holdOut: HoldOut | null;
  readonly tightened: TightenedRule | null;
}

const COLUMNS: ItemColumns<ListedRule> = [
  ["rule_id", "VARCHAR", ({ rule }) => rule.id],
  ["status", "VARCHAR", ({ status }) => status],
  ["replacement", "VARCHAR[]", ({ tightened }) => tightened?.replacement?.rules.map(groupRuleText) ?? null],
  ["rules", "UINTEGER", ({ tightened }) => tightened?.replacement?.rules.length ?? null],
  ["breadth", "UINTEGER", ({ breadth }) => breadth],
  ["new_breadth", "UINTEGER", ({ tightened }) => tightened?.replacement?.breadth ?? null],
  ...holdOutColumns<ListedRule>(),
  ["real_connections", "UBIGINT", ({ tightened }) => tightened?.connections ?? null],
  ["real_peers", "UBIGINT", ({ tightened }) => tightened?.peers ?? null],
  ["left_out_scanner", "UBIGINT", ({ tightened }) => tightened?.leftOut.scanner ?? null],
  ["left_out_replyless", "UBIGINT", ({ tightened }) => tightened?.leftOut.replyless ?? null],
  ["reason", "VARCHAR", ({ reason }) => reason],
  ["owner_name", "VARCHAR", ({ owner }) => owner],
  ...ruleColumnsOf<ListedRule>(),
  ["window", "VARCHAR", ({ window }) => window],
];

/** Rules that can be narrower first, then redundant ones; the broadest first. */
export function byUrgency(a: TightenedRule, b: TightenedRule): number {
  return ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || b.breadth - a.breadth || (a.rule.id < b.rule.id ? -1 : 1);
}

const ORDER: readonly TightenedRule["status"][] = ["narrow", "redundant", "keep"];

/**
 * What `tighten` proposes with its defaults, for the page of the audit. Null if there is nothing to judge: no model, or no
 * records.
 */
export async function tightenProposals(db: string, minDays: number): Promise<Result | null> {
  const { openStoredRecords } = await import("../store/stored-records.ts");
  const { tightenRules } = await import("../change/tighten/tighten.ts");
  const { TIGHTEN_DEFAULTS } = await import("../change/tighten/propose.ts");
  const { tightenCandidates } = await import("./tighten-candidates.ts");
  const stored = await openStoredRecords(db).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "E_STORE") return null;
    throw error;
  });
  if (stored === null) return null;
  try {
    const candidates = await tightenCandidates(stored, { ruleIds: [], minDays, ...TIGHTEN_DEFAULTS });
    const found = await tightenRules(stored, candidates.rules, TIGHTEN_DEFAULTS);
    return found && tightenResult(found.rules, candidates);
  } finally {
    stored.close();
  }
}

/** One row per rule, by urgency; then the rules that nothing narrower is proposed for. */
export function tightenResult(
  tightened: readonly TightenedRule[],
  { untouched, windows, snapshot }: Pick<Candidates, "untouched" | "windows" | "snapshot">,
): Result {
  const window = ({ id }: SecurityGroupRule): string | null => windows.get(id)?.ends ?? null;
  const owner = (rule: SecurityGroupRule): string | null => snapshot?.securityGroups.get(rule.groupId)?.name || null;
  return resultOf(COLUMNS, [
    ...tightened
      .toSorted(byUrgency)
      .map((one) => ({ ...one, owner: owner(one.rule), window: window(one.rule), tightened: one })),
    ...untouched.map((one) => ({
      ...one,
      owner: owner(one.rule),
      window: window(one.rule),
      holdOut: null,
      tightened: null,
    })),
  ]);
}

const CURVE_COLUMNS: ItemColumns<CurvePoint & { readonly rule: SecurityGroupRule }> = [
  ["rule_id", "VARCHAR", ({ rule }) => rule.id],
  ["rules", "UINTEGER", ({ rules }) => rules.length],
  ["breadth", "UINTEGER", ({ breadth }) => breadth],
  ["chosen", "BOOLEAN", ({ chosen }) => chosen],
  ["within_limits", "BOOLEAN", ({ withinLimits }) => withinLimits],
  ...holdOutColumns<CurvePoint>(),
  ["replacement", "VARCHAR[]", ({ rules }) => rules.map(groupRuleText)],
];

/** One row per rule and number of replacement rules. */
export function curveRows(tightened: readonly TightenedRule[]): ResultStream {
  const points = tightened.flatMap(({ rule, curve }) => curve.map((point) => ({ ...point, rule })));
  return streamOf(resultOf(CURVE_COLUMNS, points));
}

/** Share of the held-back records that would have been denied; null if nothing was tested. */
function breakageRate(holdOut: HoldOut | null): number | null {
  return holdOut && holdOut.records > 0 ? Math.round((holdOut.broken / holdOut.records) * 1e4) / 1e4 : null;
}

/** The replacements as changes for scripts. A rule that two of them need is added once. */
export function tightenChanges(tightened: readonly TightenedRule[], windows: Candidates["windows"]): RuleChange[] {
  const made = new Set<string>();
  return tightened.flatMap(({ rule, replacement, status, reason, breadth, holdOut }) => {
    if (replacement === null) return [];
    const add = replacement.rules.filter(({ id }) => !made.has(id));
    for (const { id } of add) made.add(id);
    const score = replacement.rules.length > 0 ? `; breadth ${breadth} to ${replacement.breadth}` : "";
    const tested = holdOut ? `; ${holdOut.broken} of ${holdOut.records} held-back records would have been denied` : "";
    const why = `${status}: ${reason}${score}${tested}`;
    return { remove: [rule], add, why, window: windows.get(rule.id)?.text ?? null };
  });
}

/** Most replacement rules to print for one rule; the other formats have all. */
const MOST_RULES = 12;
const BAR = 10;

/** The proposals for people: the replacements of each rule, what they cost, and why other rules stay. */
export function renderTighten(
  tightened: readonly TightenedRule[],
  { untouched, snapshot }: Candidates,
  options: RenderOptions,
): string {
  const nameOf = (id: string): string => snapshot?.securityGroups.get(id)?.name || id;
  const parts = tightened
    .filter(({ replacement }) => replacement !== null)
    .map((one) => replacedText(one, nameOf, options));
  const kept = [...tightened.filter(({ replacement }) => replacement === null), ...untouched].map(
    ({ rule, status, reason }) => keptText(rule, status, reason, nameOf, options),
  );
  if (kept.length > 0) parts.push(`${options.style.bold("Rules without a proposal")}\n${kept.join("")}`);
  return parts.length > 0 ? parts.join("\n") : "No broad group rules.\n";
}

function replacedText(one: TightenedRule, nameOf: (id: string) => string, options: RenderOptions): string {
  const { rule, status, reason, breadth, replacement, connections, leftOut, holdOut, curve } = one;
  const { bold } = options.style;
  let text = grid([[bold(rule.id), nameOf(rule.groupId), describe(rule, nameOf)]], options);
  const lost = [
    leftOut.scanner > 0 ? `${plural(leftOut.scanner, "connection")} of scanners` : "",
    leftOut.replyless > 0 ? `${plural(leftOut.replyless, "connection")} never answered above the floor` : "",
  ].filter((part) => part !== "");
  const left = lost.length > 0 ? `. Left out: ${lost.join(", ")}` : "";
  const real = connections > 0 ? `, ${plural(connections, "real connection")}` : "";
  text += paragraph(`${status}: ${reason}${real}${left}`, options);
  if (replacement === null || replacement.rules.length === 0) return text;
  const tested = holdOut
    ? `; ${count(holdOut.broken)} of ${plural(holdOut.records, "held-back record")} would have been denied`
    : "; not tested: one side of the split has no real traffic";
  text += paragraph(`breadth ${breadth} -> ${replacement.breadth}${tested}`, options);
  text += grid(
    replacement.rules.slice(0, MOST_RULES).map((each) => ["+", describe(each, nameOf)]),
    options,
  );
  if (replacement.rules.length > MOST_RULES) {
    text += paragraph(`and ${replacement.rules.length - MOST_RULES} more; all: --output json`, options);
  }
  const points = curve.filter((one, at) => one.chosen || one.breadth !== curve[at - 1]?.breadth);
  return points.length > 1 ? text + grid(points.map(curveCells), options, ["right", "right"]) : text;
}

function curveCells({ rules, breadth, chosen, withinLimits, holdOut }: CurvePoint): string[] {
  const rate = breakageRate(holdOut);
  return [
    plural(rules.length, "rule"),
    `breadth ${breadth}`,
    bar(breadth / 100, BAR),
    rate === null ? "" : `${(rate * 100).toFixed(rate > 0 && rate < 0.1 ? 1 : 0)} % denied`,
    chosen ? "chosen" : withinLimits ? "" : "wider than allowed",
  ];
}

function keptText(
  rule: SecurityGroupRule,
  status: string,
  reason: string,
  nameOf: (id: string) => string,
  options: RenderOptions,
): string {
  return (
    grid([[rule.id, nameOf(rule.groupId), describe(rule, nameOf)]], options) +
    paragraph(`  ${status}: ${reason}`, options)
  );
}

/** With the name of a referenced group instead of its id. */
function describe(rule: SecurityGroupRule, nameOf: (id: string) => string): string {
  const { peer } = rule;
  return peer.kind === "group" ? groupRuleText(rule).replace(peer.id, () => nameOf(peer.id)) : groupRuleText(rule);
}
