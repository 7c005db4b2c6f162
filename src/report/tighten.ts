import type { CurvePoint, HoldOut, TightenedRule } from "../change/tighten/propose.ts";
import type { SecurityGroupRule } from "../model/model.ts";
import type { Plain, Result, ResultStream } from "../store/evidence-query.ts";
import type { RuleChange } from "./change-scripts.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { type ColumnTypes, rowStream } from "./row-stream.ts";
import { RULE_COLUMNS, ruleCells } from "./rule-cells.ts";
import { bar, count, grid, paragraph, plural, ruleText } from "./summary-text.ts";
import type { Candidates } from "./tighten-candidates.ts";

const HOLD_OUT: ColumnTypes = [
  ["held_back_records", "UBIGINT"],
  ["held_back_denied", "UBIGINT"],
  ["breakage_rate", "DOUBLE"],
];

const COLUMNS: ColumnTypes = [
  ["rule_id", "VARCHAR"],
  ["status", "VARCHAR"],
  ["replacement", "VARCHAR[]"],
  ["rules", "UINTEGER"],
  ["breadth", "UINTEGER"],
  ["new_breadth", "UINTEGER"],
  ...HOLD_OUT,
  ["real_connections", "UBIGINT"],
  ["real_peers", "UBIGINT"],
  ["left_out_scanner", "UBIGINT"],
  ["left_out_replyless", "UBIGINT"],
  ["reason", "VARCHAR"],
  ["owner_name", "VARCHAR"],
  ...RULE_COLUMNS,
];

/** Those that can be narrower first, then the redundant ones, the broadest first. */
export function byUrgency(a: TightenedRule, b: TightenedRule): number {
  return ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || b.breadth - a.breadth || (a.rule.id < b.rule.id ? -1 : 1);
}

const ORDER: readonly TightenedRule["status"][] = ["narrow", "redundant", "keep"];

/** A row a rule, by urgency; then those that nothing narrower is proposed for. */
export function tightenResult(
  tightened: readonly TightenedRule[],
  { untouched, snapshot }: Pick<Candidates, "untouched" | "snapshot">,
): Result {
  const owner = (rule: SecurityGroupRule): string | null => snapshot?.securityGroups.get(rule.groupId)?.name || null;
  const rows = tightened
    .toSorted(byUrgency)
    .map((one): Plain[] => [
      one.rule.id,
      one.status,
      one.replacement ? one.replacement.rules.map(matchText) : null,
      one.replacement ? one.replacement.rules.length : null,
      one.breadth,
      one.replacement ? one.replacement.breadth : null,
      ...holdOutCells(one.holdOut),
      one.connections,
      one.peers,
      one.leftOut.scanner,
      one.leftOut.replyless,
      one.reason,
      owner(one.rule),
      ...ruleCells(one.rule),
    ]);
  const told = untouched.map(({ rule, status, reason, breadth }): Plain[] => [
    rule.id,
    status,
    null,
    null,
    breadth,
    ...Array<null>(COLUMNS.length - RULE_COLUMNS.length - 7).fill(null),
    reason,
    owner(rule),
    ...ruleCells(rule),
  ]);
  return { columns: COLUMNS.map(([name, type]) => ({ name, type })), rows: [...rows, ...told] };
}

const CURVE_COLUMNS: ColumnTypes = [
  ["rule_id", "VARCHAR"],
  ["rules", "UINTEGER"],
  ["breadth", "UINTEGER"],
  ["chosen", "BOOLEAN"],
  ["within_limits", "BOOLEAN"],
  ...HOLD_OUT,
  ["replacement", "VARCHAR[]"],
];

/** A row a rule and number of rules in its place. */
export function curveRows(tightened: readonly TightenedRule[]): ResultStream {
  const rows = tightened.flatMap(({ rule, curve }) =>
    curve.map(({ rules, breadth, chosen, withinLimits, holdOut }): Plain[] => [
      rule.id,
      rules.length,
      breadth,
      chosen,
      withinLimits,
      ...holdOutCells(holdOut),
      rules.map(matchText),
    ]),
  );
  return rowStream(CURVE_COLUMNS, rows);
}

/** Share of the held-back records that would have been denied; null where nothing was tested. */
function breakageRate(holdOut: HoldOut | null): number | null {
  return holdOut && holdOut.records > 0 ? Math.round((holdOut.broken / holdOut.records) * 1e4) / 1e4 : null;
}

function holdOutCells(holdOut: HoldOut | null): Plain[] {
  return [holdOut?.records ?? null, holdOut?.broken ?? null, breakageRate(holdOut)];
}

/** `ingress tcp 443 from 192.0.2.0/24`. */
export function matchText(rule: SecurityGroupRule): string {
  const cells = ruleCells(rule);
  const [direction, protocol, from, to, peer] = cells;
  return ruleText({ direction, protocol, from_port: from, to_port: to, peer });
}

/** The replacements as changes for scripts; a rule that two of them need is made once. */
export function tightenChanges(tightened: readonly TightenedRule[]): RuleChange[] {
  const made = new Set<string>();
  return tightened.flatMap(({ rule, replacement, status, reason, breadth, holdOut }) => {
    if (replacement === null) return [];
    const add = replacement.rules.filter(({ id }) => !made.has(id));
    for (const { id } of add) made.add(id);
    const score = replacement.rules.length > 0 ? `; breadth ${breadth} to ${replacement.breadth}` : "";
    const tested = holdOut ? `; ${holdOut.broken} of ${holdOut.records} held-back records would have been denied` : "";
    return { remove: [rule], add, why: `${status}: ${reason}${score}${tested}` };
  });
}

/** Replacement rules to print of one rule; the other outputs have all. */
const MOST_RULES = 12;
const BAR = 10;

/** The replacements for people: what comes in place of each rule, what it costs, and why others stay. */
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
  return parts.length > 0 ? parts.join("\n") : "No broad group rule.\n";
}

function replacedText(one: TightenedRule, nameOf: (id: string) => string, options: RenderOptions): string {
  const { rule, status, reason, breadth, replacement, connections, leftOut, holdOut, curve } = one;
  const { bold } = options.style;
  let text = grid([[bold(rule.id), nameOf(rule.groupId), describe(rule, nameOf)]], options);
  const lost = [
    leftOut.scanner > 0 ? `${plural(leftOut.scanner, "connection")} of scanners` : "",
    leftOut.replyless > 0 ? `${count(leftOut.replyless)} never answered above the floor` : "",
  ].filter((part) => part !== "");
  const left = lost.length > 0 ? `. Left out: ${lost.join(", ")}` : "";
  const real = connections > 0 ? `, ${plural(connections, "real connection")}` : "";
  text += paragraph(`${status}: ${reason}${real}${left}`, options);
  if (replacement === null || replacement.rules.length === 0) return text;
  const tested = holdOut
    ? `; ${count(holdOut.broken)} of ${plural(holdOut.records, "held-back record")} would have been denied`
    : "; not tested: no real traffic on both sides of the split";
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

/** With the name of a referenced group in place of its id. */
function describe(rule: SecurityGroupRule, nameOf: (id: string) => string): string {
  const { peer } = rule;
  return peer.kind === "group" ? matchText(rule).replace(peer.id, () => nameOf(peer.id)) : matchText(rule);
}
