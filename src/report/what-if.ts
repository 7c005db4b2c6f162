import { type ChangeGroup, type ChangeTally, mayBreak } from "../change/change-groups.ts";
import type { Effect, UnsureCause } from "../change/effects.ts";
import type { VerdictChange } from "../change/what-if.ts";
import { POSSIBLE_CAUSES } from "../judgement.ts";
import type { Plain, ResultStream } from "../store/evidence-query.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import { isoTime, count, plural } from "../text.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { grid, paragraph } from "./renderers/text-layout.ts";
import { type ItemColumns, resultOf, streamOf } from "./rows.ts";

interface ChangeInHistory {
  readonly change: VerdictChange;
  readonly stored: StoredRecords;
}

/** src/change/README.md promises the first eight columns; the others describe the record. */
const CHANGE_COLUMNS: ItemColumns<ChangeInHistory> = [
  ["source_object", "VARCHAR", ({ change, stored }) => stored.objects[change.objectId]?.name ?? null],
  ["line", "UINTEGER", ({ change }) => change.line],
  ["interface_id", "VARCHAR", ({ change, stored }) => stored.interfaceIds[change.interfaceIdx]],
  ["action", "VARCHAR", ({ change }) => change.outcome.judgement.action],
  ["verdict_before", "VARCHAR", ({ change }) => change.outcome.before.verdict],
  ["verdict_after", "VARCHAR", ({ change }) => change.outcome.after.verdict],
  ["decided_by", "VARCHAR", ({ change }) => change.outcome.after.decidedBy],
  ["rule_ids", "VARCHAR[]", ({ change }) => change.outcome.after.ruleIds],
  ["effect", "VARCHAR", ({ change }) => change.outcome.effect],
  ["rule_ids_before", "VARCHAR[]", ({ change }) => change.outcome.before.ruleIds],
  ["start_time", "TIMESTAMP", ({ change }) => isoTime(change.start)],
  ["direction", "VARCHAR", ({ change }) => change.outcome.judgement.direction],
  ["initiator", "VARCHAR", ({ change }) => change.outcome.judgement.initiator],
  ["srcaddr", "VARCHAR", ({ change }) => change.srcaddr],
  ["srcport", "USMALLINT", ({ change }) => change.srcport],
  ["dstaddr", "VARCHAR", ({ change }) => change.dstaddr],
  ["dstport", "USMALLINT", ({ change }) => change.dstport],
  ["protocol", "UTINYINT", ({ change }) => change.protocol],
  ["packets", "UBIGINT", ({ change }) => change.packets],
  ["bytes", "UBIGINT", ({ change }) => change.bytes],
];

/** One row per record whose verdict changes. */
export function changeRows(changes: AsyncIterable<readonly VerdictChange[]>, stored: StoredRecords): ResultStream {
  const chunks = async function* (): AsyncGenerator<readonly Plain[][]> {
    for await (const some of changes) {
      yield resultOf(
        CHANGE_COLUMNS,
        some.map((change) => ({ change, stored })),
      ).rows;
    }
  };
  return { columns: resultOf(CHANGE_COLUMNS, []).columns, chunks: chunks() };
}

const GROUP_COLUMNS: ItemColumns<ChangeGroup> = [
  ["effect", "VARCHAR", (group) => group.effect],
  ["cause", "VARCHAR", (group) => group.cause],
  ["layer", "VARCHAR", (group) => group.layer],
  ["rule_ids", "VARCHAR[]", (group) => group.ruleIds],
  ["denying_rule_ids", "VARCHAR[]", (group) => group.denyingIds],
  ["traffic_class", "VARCHAR", (group) => group.trafficClass],
  ["direction", "VARCHAR", (group) => group.direction],
  ["protocol", "VARCHAR", (group) => group.protocol],
  ["port", "USMALLINT", (group) => group.port],
  ["peer", "VARCHAR", (group) => group.peer],
  ["interface_ids", "VARCHAR[]", (group) => group.interfaceIds],
  ["records", "UBIGINT", (group) => group.records],
  ["packets", "UBIGINT", (group) => group.packets],
  ["bytes", "UBIGINT", (group) => group.bytes],
  ["first", "TIMESTAMP", (group) => isoTime(group.first)],
  ["last", "TIMESTAMP", (group) => isoTime(group.last)],
];

/** One row per set of rules, service and peer. */
export function groupRows(groups: readonly ChangeGroup[]): ResultStream {
  return streamOf(resultOf(GROUP_COLUMNS, groups));
}

const TITLES: Partial<Record<Effect, string>> = {
  breaks: "Accepted traffic that would be denied",
  may_break: "Accepted traffic that would be denied, if these rules admitted it",
  unsure: "Accepted traffic that would be denied in some possible worlds",
  opens: "Rejected traffic that would be accepted",
};

const MEANINGS: readonly (readonly [Effect, string])[] = [
  ["breaks", "accepted, would be denied"],
  ["may_break", "accepted, would be denied, if the rules that may have admitted it did"],
  ["unsure", "accepted, would be denied in some possible worlds"],
  ["opens", "rejected, would be accepted"],
  ["agrees", "would change to what was logged anyway"],
  ["doubtful", "undecided before or after"],
  ["unknown", "at interfaces that the proposal does not have"],
];

const LIMIT = 15;

/** What a proposal changes, for people: totals, then by rule the services and peers concerned. */
export function renderWhatIf(tally: ChangeTally, groups: readonly ChangeGroup[], options: RenderOptions): string {
  const totals = MEANINGS.filter(([effect]) => tally.effects[effect] > 0).map(([effect, meaning]) => [
    count(tally.effects[effect]),
    meaning,
    classesOf(groups.filter((group) => group.effect === effect)),
  ]);
  const causes = tally.uncertain.map(({ cause, records }) =>
    paragraph(`${count(records)} ${causeText(cause)}`, options),
  );
  const lead = `${options.style.bold(`${plural(tally.records, "record")} judged again`)}\n`;
  const changes = totals.length === 0 ? "  no verdict changes\n" : grid(totals, options, ["right"]);
  const parts = [lead + changes + causes.join("")];
  for (const effect of ["breaks", "may_break", "unsure", "opens"] as const) {
    const part = groups.filter((group) => group.effect === effect);
    if (part.length > 0) parts.push(byRule(TITLES[effect] ?? effect, part, options));
  }
  if (tally.ungrouped > 0) {
    parts.push(paragraph(`${plural(tally.ungrouped, "record")} more, with too many peers to list`, options));
  }
  return parts.join("\n");
}

/** Why a record is uncertain, and what would settle it. */
export function causeText(cause: UnsureCause | null): string {
  const known = POSSIBLE_CAUSES.find(({ name }) => name === cause);
  if (known !== undefined) return `${known.name}, settled by ${known.settledBy}`;
  return cause ?? "the configuration does not tell";
}

/** `120 real, 3 scanner`, in records; only where something breaks. */
function classesOf(groups: readonly ChangeGroup[]): string {
  const sums = new Map<string, number>();
  for (const { effect, trafficClass, records } of groups) {
    if (mayBreak(effect)) {
      sums.set(trafficClass, (sums.get(trafficClass) ?? 0) + records);
    }
  }
  return [...sums].map(([name, sum]) => `${count(sum)} ${name}`).join(", ");
}

/** A block for each set of rules, with the services and peers that have the most records. */
function byRule(title: string, groups: readonly ChangeGroup[], options: RenderOptions): string {
  const rules = new Map<string, ChangeGroup[]>();
  for (const group of groups) {
    const denied = group.denyingIds.length > 0 ? `, denied by ${group.denyingIds.join(", ")}` : "";
    const name = `${group.ruleIds.length > 0 ? group.ruleIds.join(" + ") : "no rule"}${denied}`;
    const known = rules.get(name);
    if (known) known.push(group);
    else rules.set(name, [group]);
  }
  let text = `${options.style.bold(title)}\n`;
  for (const [name, own] of rules) {
    const records = own.reduce((sum, group) => sum + group.records, 0);
    const peers = new Set(own.map((group) => group.peer)).size;
    text += paragraph(`${name}: ${plural(records, "record")}, ${plural(peers, "peer")}`, options);
    const lines = own
      .slice(0, LIMIT)
      .map((group) => [`  ${group.peer}`, serviceOf(group), `${plural(group.records, "record")}`, group.trafficClass]);
    text += grid(lines, options, ["left", "left", "right"]);
    if (own.length > LIMIT)
      text += options.style.dim(`    and ${count(own.length - LIMIT)} more; all: --summary --output json\n`);
  }
  return text;
}

function serviceOf({ direction, protocol, port }: ChangeGroup): string {
  return [direction, protocol, port].filter((part) => part !== null).join(" ");
}
