import type { EvidenceQuery } from "../store/evidence-query.ts";
import { count, plural } from "../text.ts";
import { visible } from "./renderers/renderer.ts";
import { queryRows, type Row } from "./rows.ts";

/** Most lines of each kind, so that a scan of a whole network does not flood the terminal. */
const MOST = 20;

const MISMATCHES = /* sql */ `
select
  strftime(min(start_time), '%Y-%m-%d %H:%M:%S') as since, agreement, cause, decided_by, interface_id, direction,
  srcaddr, dstaddr, dstport, protocol, count(*)::uinteger as records
from flows
where source_object = $object and agreement in ('unexpected_accept', 'unexpected_reject')
group by all
order by since, interface_id, srcaddr, dstaddr, dstport, protocol, cause
limit $most`;

const PROBES = /* sql */ `
select
  strftime(seconds_to_timestamp(min(start_s)), '%Y-%m-%d %H:%M:%S') as since,
  address_text(any_value(src), any_value(src6)) as source,
  count(*)::uinteger as records,
  count(distinct port)::uinteger as ports,
  count(distinct pair >> 24)::uinteger as targets,
  min(port) as port,
  min(protocol) as protocol
from rejected_requests
where object_id = (select object_id from objects where source_object = $object)
group by source
order by records desc, since, source
limit $most`;

const TOTALS = /* sql */ `
select
  (select count(*) from (
    select distinct agreement, cause, decided_by, interface_id, direction, srcaddr, dstaddr, dstport, protocol
    from flows where source_object = $object and agreement in ('unexpected_accept', 'unexpected_reject')))::uinteger as mismatches,
  (select count(distinct source) from rejected_requests
    where object_id = (select object_id from objects where source_object = $object))::uinteger as probes`;

/** Mismatches and rejected sources among the records of one object, one per line; empty if there are none. */
export async function newFindings(evidence: EvidenceQuery, object: string): Promise<string> {
  const ask = (sql: string): Promise<Row[]> => queryRows(evidence, sql, { object, most: MOST });
  const [totals] = await queryRows(evidence, TOTALS, { object });
  const mismatches = (await ask(MISMATCHES)).map(
    (row) =>
      `${row.since}  ${row.agreement}  ${row.cause ?? "unknown cause"}  ${row.interface_id} ${row.direction}  ` +
      `${row.srcaddr} -> ${row.dstaddr} port ${row.dstport} protocol ${row.protocol}  ` +
      `${row.decided_by ?? "-"}  ${plural(row.records, "record")}`,
  );
  const probes = (await ask(PROBES)).map(
    (row) =>
      `${row.since}  rejected  ${row.source}  ${plural(row.records, "record")}  ` +
      `${row.ports === 1 ? `protocol ${row.protocol} port ${row.port}` : plural(row.ports, "port")}  ${plural(row.targets, "target")}`,
  );
  const lines = [
    ...mismatches,
    ...more(Number(totals.mismatches), "mismatches"),
    ...probes,
    ...more(Number(totals.probes), "rejected-probes"),
  ];
  return lines.map((line) => `${visible(line)}\n`).join("");
}

function more(total: number, report: string): string[] {
  return total > MOST ? [`and ${count(total - MOST)} more: flowreplay report ${report}`] : [];
}
