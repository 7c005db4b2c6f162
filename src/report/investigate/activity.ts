import type { EvidenceQuery, Parameters, Result } from "../../store/evidence-query.ts";
import { plural } from "../../text.ts";
import { stepFor } from "../html/audit/evidence.ts";
import { addressParameters, ofSubject, OWN_INTERFACE, type PickedRecords } from "./records-sql.ts";
import { type InvestigationSection, tableSection } from "./sections.ts";
import type { SubjectRecords } from "./subject.ts";
import type { Totals } from "./totals.ts";

/** Most stretches of the timeline. */
const STRETCHES = 24;

const TIMELINE = (step: number): string => /* sql */ `,
stretches as (
  select
    start_s // ${step} * ${step} as start_s, action, agreement in ('unexpected_accept', 'unexpected_reject') as mismatch,
    count(*) as records, sum(bytes) as bytes
  from picked
  where own = $own
  group by all
)
select
  seconds_to_timestamp(start_s) as start_time,
  sum(records)::ubigint as records,
  coalesce(sum(records) filter (action = 'ACCEPT'), 0)::ubigint as accepted,
  coalesce(sum(records) filter (action = 'REJECT'), 0)::ubigint as rejected,
  coalesce(sum(records) filter (mismatch), 0)::ubigint as mismatches,
  coalesce(sum(bytes), 0)::ubigint as bytes
from stretches
group by start_s
order by start_s`;

/** The far end may reject what this end accepts. */
const THERE = "; rejected_there: rejections logged at the far end";

const SUMS = /* sql */ `
    coalesce(sum(records) filter (s.own = $own and j.action = 'ACCEPT'), 0)::ubigint as accepted,
    coalesce(sum(records) filter (s.own = $own and j.action = 'REJECT'), 0)::ubigint as rejected,
    coalesce(sum(records) filter (s.own <> $own and j.action = 'REJECT'), 0)::ubigint as rejected_there,
    coalesce(sum(bytes) filter (s.own = $own), 0)::ubigint as bytes,
    min(first_s) as first_s,
    max(last_s) as last_s`;

/** Names are looked up only for the rows that are shown. */
const PEERS = /* sql */ `
with sums as materialized (
  select
    peer, peer6, alt, alt6, opened,
    coalesce(sum(records) filter (s.own = $own and j.agreement in ('unexpected_accept', 'unexpected_reject')), 0)::ubigint
      as mismatches,
    ${SUMS}
  from seen s
  join judgements j using (judgement_id)
  where peer is not null or peer6 is not null
  group by all
),
shown as (
  select *, count(*) over () as total from sums
  order by accepted + rejected + rejected_there desc, peer, peer6, alt, alt6, opened
  limit $limit
),
ports_of as (
  select
    s.peer, s.peer6, s.alt, s.alt6, s.opened, count(distinct s.port) as port_count, list_sort(min(distinct s.port, 8)) as ports
  from seen s
  where address_key(s.peer, s.peer6) in (select address_key(peer, peer6) from shown)
  group by all
),
holders as (
  select unnest(addresses) as address, coalesce(name, instance_id, interface_id) as name from interface_dim
)
select
  case when s.alt is null and s.alt6 is null then address_text(s.peer, s.peer6)
    else concat(address_text(s.peer, s.peer6), ' -> ', address_text(s.alt, s.alt6)) end as peer,
  h.name,
  case s.opened when 'subject' then 'out' when 'peer' then 'in' end as way,
  s.accepted,
  s.rejected,
  s.rejected_there,
  p.ports,
  p.port_count,
  s.bytes,
  seconds_to_timestamp(s.first_s) as first_seen,
  seconds_to_timestamp(s.last_s) as last_seen,
  s.mismatches,
  s.total
from shown s
left join ports_of p
  on p.peer is not distinct from s.peer and p.peer6 is not distinct from s.peer6
  and p.alt is not distinct from s.alt and p.alt6 is not distinct from s.alt6 and p.opened is not distinct from s.opened
left join (select address, min(name) as name from holders group by all) h on h.address = address_text(s.peer, s.peer6)
order by s.accepted + s.rejected + s.rejected_there desc, s.peer, s.peer6, s.alt, s.alt6, s.opened`;

const SERVICES = /* sql */ `
with sums as materialized (
  select
    protocol, port, opened,
    count(distinct address_key(peer, peer6)) as peers,
    ${SUMS}
  from seen s
  join judgements j using (judgement_id)
  where protocol is not null
  group by all
)
select
  protocol,
  port,
  case opened when 'subject' then 'out' when 'peer' then 'in' end as way,
  accepted,
  rejected,
  rejected_there,
  peers as peer_count,
  bytes,
  seconds_to_timestamp(first_s) as first_seen,
  seconds_to_timestamp(last_s) as last_seen,
  count(*) over () as total
from sums
order by accepted + rejected + rejected_there desc, protocol, port, opened
limit $limit`;

/** Timeline, peers and services of the records of one side. The timeline reads `picked`, the others the sums in `seen`. */
export async function activitySections(
  evidence: EvidenceQuery,
  { sql, parameters }: PickedRecords,
  own: boolean,
  totals: Totals,
  limit: number,
): Promise<InvestigationSection[]> {
  const askSome = (rows: string): Promise<Result> => evidence.run(rows, { own, limit });
  // A column of zeros is left out.
  const there = (section: InvestigationSection): InvestigationSection =>
    section.rows.some((row) => row.rejected_there !== 0)
      ? { ...section, lead: section.lead + THERE }
      : { ...section, brief: section.brief.filter((name) => name !== "rejected_there") };
  const step = stepFor({ first: totals.first, last: totals.last, hasFlows: true }, STRETCHES);
  return [
    tableSection(await evidence.run(sql + TIMELINE(step), { ...parameters, own }), {
      id: "timeline",
      title: "Timeline",
      lead: `by ${stepText(step)}`,
      empty: "",
      shape: "timeline",
      brief: ["start_time", "accepted", "rejected", "mismatches", "bytes"],
    }),
    there(
      tableSection(await askSome(PEERS), {
        id: "peers",
        title: "Peers",
        lead: "in: the peer opened the connection, out: the subject did",
        empty: "no record has addresses",
        brief: ["way", "peer", "name", "accepted", "rejected", "rejected_there", "ports"],
      }),
    ),
    there(
      tableSection(await askSome(SERVICES), {
        id: "services",
        title: "Services",
        lead: "service ports; if it is unknown who opened the connection, the lower port",
        empty: "no record has a protocol",
        brief: ["way", "protocol", "port", "accepted", "rejected", "rejected_there", "peer_count", "bytes"],
      }),
    ),
  ];
}

function stepText(seconds: number): string {
  if (seconds % 86_400 === 0) return plural(seconds / 86_400, "day");
  return seconds % 3600 === 0 ? plural(seconds / 3600, "hour") : plural(seconds / 60, "minute");
}

/** The condition on the connections of the subject, and SQL for their other side. */
function conditionsOf(wanted: SubjectRecords): {
  readonly where: string;
  readonly parameters: Parameters;
  readonly outward: number;
  readonly peer: string;
} {
  const { subject, interfaceIds: ids } = wanted;
  const far = { outward: 2, peer: "address_text(t.peer, t.peer6)" };
  if (subject.kind === "rule") {
    const where = "t.rule_set_id in (select rule_set_id from rule_sets where rule_id = $id)";
    return { where, parameters: { id: subject.id }, ...far };
  }
  if (!("prefix" in subject) || ids.length > 0) return { where: `t.${OWN_INTERFACE}`, parameters: { ids }, ...far };
  // For an address that no interface has, the interface that logged is the peer.
  const where = `(${ofSubject("t.peer", 4)} or ${ofSubject("t.peer6", 6)})`;
  return { where, parameters: addressParameters(wanted), outward: 1, peer: "coalesce(i.name, i.interface_id)" };
}

/**
 * Connections from the sums, which also cover records that `prune` removed or `--no-flows` did not keep. Port 0 stands for
 * the replies of untracked flows and is left out.
 */
export async function summedSection(
  evidence: EvidenceQuery,
  wanted: SubjectRecords,
  limit: number,
): Promise<InvestigationSection> {
  const { where, parameters, outward, peer } = conditionsOf(wanted);
  const sql = /* sql */ `
with sums as (
  select
    case t.direction when ${outward} then 'out' else 'in' end as way,
    ${peer} as peer,
    t.protocol,
    t.port,
    sum(t.connections)::ubigint as connections,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    seconds_to_timestamp(min(t.first_s)) as first_seen,
    seconds_to_timestamp(max(t.last_s)) as last_seen
  from rule_traffic t
  join interface_dim i using (interface_idx)
  where ${where} and not (t.protocol in (6, 17) and t.port = 0)
  group by all
)
select *, count(*) over () as total from sums
order by connections desc, peer, protocol, port, way
limit $limit`;
  return tableSection(await evidence.run(sql, { ...parameters, limit }), {
    id: "connections",
    title: "Connections from sums",
    lead: "admitted connections of the whole log, including those whose records are gone",
    empty: "none",
    brief: ["way", "peer", "protocol", "port", "connections", "bytes", "last_seen"],
  });
}
