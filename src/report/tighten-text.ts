import type { CurvePoint, TightenedRule } from "../change/tighten/propose.ts";
import type { SecurityGroupRule } from "../policy/model.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { bar, count, grid, paragraph, plural } from "./summary-text.ts";
import type { Candidates } from "./tighten-candidates.ts";
import { breakageRate, matchText } from "./tighten-rows.ts";

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
