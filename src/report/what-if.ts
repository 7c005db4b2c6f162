import type { ChangeGroup, Tally } from "../change/change-groups.ts";
import type { Effect } from "../change/compare-verdicts.ts";
import type { Flip } from "../change/what-if.ts";
import type { Plain, ResultStream } from "../store/evidence-query.ts";
import type { StoredRecords } from "../store/stored-records.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { type ColumnTypes, isoTime, rowStream } from "./row-stream.ts";
import { count, grid, paragraph, plural } from "./summary-text.ts";

/** The first eight are a contract (src/change/README.md); what follows describes the record. */
const FLIP_COLUMNS: ColumnTypes = [
  ["source_object", "VARCHAR"],
  ["line", "UINTEGER"],
  ["interface_id", "VARCHAR"],
  ["action", "VARCHAR"],
  ["verdict_before", "VARCHAR"],
  ["verdict_after", "VARCHAR"],
  ["decided_by", "VARCHAR"],
  ["rule_ids", "VARCHAR[]"],
  ["effect", "VARCHAR"],
  ["rule_ids_before", "VARCHAR[]"],
  ["start_time", "TIMESTAMP"],
  ["direction", "VARCHAR"],
  ["initiator", "VARCHAR"],
  ["srcaddr", "VARCHAR"],
  ["srcport", "USMALLINT"],
  ["dstaddr", "VARCHAR"],
  ["dstport", "USMALLINT"],
  ["protocol", "UTINYINT"],
  ["packets", "UBIGINT"],
  ["bytes", "UBIGINT"],
];

/** One row a record whose verdict changes. */
export function flipRows(flips: AsyncIterable<readonly Flip[]>, stored: StoredRecords): ResultStream {
  const chunks = async function* (): AsyncGenerator<Plain[][]> {
    for await (const some of flips) yield some.map((flip) => flipRow(flip, stored));
  };
  return { columns: FLIP_COLUMNS.map(([name, type]) => ({ name, type })), chunks: chunks() };
}

function flipRow(flip: Flip, stored: StoredRecords): Plain[] {
  const { effect, before, after, judgement } = flip.outcome;
  return [
    stored.objects[flip.objectId]?.name ?? null,
    flip.line,
    stored.interfaceIds[flip.interfaceIdx],
    judgement.action,
    before.verdict,
    after.verdict,
    after.decidedBy,
    after.ruleIds,
    effect,
    before.ruleIds,
    isoTime(flip.start),
    judgement.direction,
    judgement.initiator,
    flip.srcaddr,
    flip.srcport,
    flip.dstaddr,
    flip.dstport,
    flip.protocol,
    flip.packets,
    flip.bytes,
  ];
}

const GROUP_COLUMNS: ColumnTypes = [
  ["effect", "VARCHAR"],
  ["layer", "VARCHAR"],
  ["rule_ids", "VARCHAR[]"],
  ["denying_rule_ids", "VARCHAR[]"],
  ["traffic_class", "VARCHAR"],
  ["direction", "VARCHAR"],
  ["protocol", "VARCHAR"],
  ["port", "USMALLINT"],
  ["peer", "VARCHAR"],
  ["interface_ids", "VARCHAR[]"],
  ["records", "UBIGINT"],
  ["packets", "UBIGINT"],
  ["bytes", "UBIGINT"],
  ["first", "TIMESTAMP"],
  ["last", "TIMESTAMP"],
];

/** One row a set of rules, service and peer whose traffic changes. */
export function groupRows(groups: readonly ChangeGroup[]): ResultStream {
  const rows = groups.map((group): Plain[] => [
    group.effect,
    group.layer,
    group.ruleIds,
    group.denyingIds,
    group.trafficClass,
    group.direction,
    group.protocol,
    group.port,
    group.peer,
    group.interfaceIds,
    group.records,
    group.packets,
    group.bytes,
    isoTime(group.first),
    isoTime(group.last),
  ]);
  return rowStream(GROUP_COLUMNS, rows);
}

const TITLES: Partial<Record<Effect, string>> = {
  breaks: "Accepted traffic that would be denied",
  may_break: "Accepted traffic that would be denied (today's rule depends on the ICMP type)",
  opens: "Rejected traffic that would be accepted",
};

const MEANINGS: readonly (readonly [Effect, string])[] = [
  ["breaks", "accepted, would be denied"],
  ["may_break", "accepted by a rule that a record cannot prove, would be denied"],
  ["opens", "rejected, would be accepted"],
  ["agrees", "change to what was logged in any case"],
  ["doubtful", "undecided before or after"],
  ["unknown", "of interfaces that the proposal does not know"],
];

const LIMIT = 15;

/** What a proposal changes, for people: totals, then by rule who would notice. */
export function renderWhatIf(tally: Tally, groups: readonly ChangeGroup[], options: RenderOptions): string {
  const records = Object.values(tally.effects).reduce((sum, value) => sum + value, 0);
  const totals = MEANINGS.filter(([effect]) => tally.effects[effect] > 0).map(([effect, meaning]) => [
    count(tally.effects[effect]),
    meaning,
    classesOf(groups.filter((group) => group.effect === effect)),
  ]);
  const lead = `${options.style.bold(`${plural(records, "record")} judged again`)}\n`;
  const parts = [totals.length === 0 ? `${lead}  nothing changes\n` : lead + grid(totals, options, ["right"])];
  for (const effect of ["breaks", "may_break", "opens"] as const) {
    const part = groups.filter((group) => group.effect === effect);
    if (part.length > 0) parts.push(byRule(TITLES[effect] ?? effect, part, options));
  }
  if (tally.ungrouped > 0) {
    parts.push(paragraph(`${plural(tally.ungrouped, "record")} more, of peers too many to tell apart`, options));
  }
  return parts.join("\n");
}

/** `120 real, 3 scanner`, in records; only where something breaks. */
function classesOf(groups: readonly ChangeGroup[]): string {
  const sums = new Map<string, number>();
  for (const { effect, trafficClass, records } of groups) {
    if (effect === "breaks" || effect === "may_break") {
      sums.set(trafficClass, (sums.get(trafficClass) ?? 0) + records);
    }
  }
  return [...sums].map(([name, sum]) => `${count(sum)} ${name}`).join(", ");
}

/** A block for each set of rules: the services and peers with the most records. */
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
