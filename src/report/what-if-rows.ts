import type { ChangeGroup } from "../change/tally.ts";
import type { Flip } from "../change/what-if.ts";
import type { History } from "../store/history.ts";
import type { Plain, ResultStream } from "../store/reader.ts";
import { type ColumnTypes, isoTime, rowStream } from "./row-stream.ts";

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
export function flipRows(flips: AsyncIterable<readonly Flip[]>, history: History): ResultStream {
  const chunks = async function* (): AsyncGenerator<Plain[][]> {
    for await (const some of flips) yield some.map((flip) => flipRow(flip, history));
  };
  return { columns: FLIP_COLUMNS.map(([name, type]) => ({ name, type })), chunks: chunks() };
}

function flipRow(flip: Flip, history: History): Plain[] {
  const { effect, before, after, judgement } = flip.outcome;
  return [
    history.objects[flip.objectId]?.name ?? null,
    flip.line,
    history.interfaceIds[flip.interfaceIdx],
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
