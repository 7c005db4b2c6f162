import { DEFAULT_SCAN_LIMITS, scanKinds } from "../store/views.ts";

/** Number of records that have sums but no rows (--no-flows). */
export const UNKEPT = /* sql */ `
select greatest(0, a.records - f.records - w.records - p.records) as unkept
from (select coalesce(sum(records), 0)::bigint as records from activity) a
cross join (select count(*) as records from flow_rows) f
cross join (select count(*) as records from flow_rows_wide) w
cross join (select coalesce(sum(records), 0)::bigint as records from prunes) p`;

/** Totals of the evidence file. Cheap even for large files, because every replay ends with the summary. */
export const TOTALS = /* sql */ `
with spans as (
  select min(from_minute) as first_minute, max(to_minute) + 1 as end_minute
  from coverage_stretches
  where interface_idx in (select interface_idx from coverage_hours where seen <> 0)
    and interface_idx not in (select interface_idx from interface_dim where interface_id = '-')
)
select
  a.records,
  a.interfaces,
  m.modelled,
  seconds_to_timestamp(s.first_minute * 60) as first_evidence,
  seconds_to_timestamp(s.end_minute * 60) as last_evidence,
  b.bad_lines,
  p.pruned,
  p.pruned_before
from spans s
cross join (select coalesce(sum(records), 0) as records, count(distinct interface_idx) as interfaces from activity) a
cross join (select count(*) as modelled from interface_dim where modelled) m
cross join (select count(*) as bad_lines from bad_line_rows) b
cross join (select sum(records) as pruned, max(before) as pruned_before from prunes) p`;

export const AGREEMENTS = /* sql */ `
select j.agreement, sum(a.records)::ubigint as records
from activity a
join judgements j using (judgement_id)
group by j.agreement
order by
  list_position(['agree', 'unexpected_accept', 'unexpected_reject', 'undecided', 'unmodelled', 'no_data'], j.agreement)`;

// DuckDB plans statements with parameters twice, which takes as long as running these, so limits are written in.

/**
 * The busiest sources of rejected requests with their kind of scan (null for ordinary clients), and on each row the numbers of
 * all sources and requests. It scans the records only twice.
 */
export const probingSources = (limit: number): string => /* sql */ `
with sources as materialized (
  select source, count(*) as records, min(start_s) as first_s, max(end_s) as last_s from rejected_requests group by all
),
frequent as materialized (
  from sources order by records desc, source limit 40
),
pairs as materialized (
  select source, pair, count(*) as records, min(start_s) as first_s, any_value(src6) as src6
  from rejected_requests
  where source in (select source from frequent)
  group by source, pair
),
-- Only the report looks for networks that act together.
knockers as (
  select 0::ubigint as source where false
),
${scanKinds(DEFAULT_SCAN_LIMITS)},
shown as materialized (
  select f.source, f.records, s.scan_kind
  from frequent f
  left join scans s using (source)
  order by s.scan_kind is null, f.records desc, f.source
  limit ${limit}
)
select
  address_text(case when s.source < 4294967296 then s.source::uinteger end, any_value(p.src6)) as source,
  s.scan_kind,
  s.records,
  count(distinct p.pair & 16777215) as ports,
  count(distinct p.pair >> 24) as targets,
  (select sum(records)::ubigint from sources) as all_records,
  (select count(*) from sources) as all_sources
from shown s
join pairs p using (source)
group by s.source, s.records, s.scan_kind
order by s.scan_kind is null, s.records desc, s.source`;

export const PROBE_TOTALS = /* sql */ `
select count(*) as records, count(distinct source) as sources from rejected_requests`;

/** The first rules of each status in the report unused-rules, rules open to the world first, with the number of all on each row. */
export const unusedRules = (report: string, limit: number): string => /* sql */ `
with listed as (
  select
    *,
    row_number() over () as position,
    -- Ends of windows, as window_text writes them.
    list_transform(string_split("window", '/'), lambda one: epoch(strptime(one, '%Y-%m-%dT%H:%MZ'))::bigint) as ends
  from (
${report})
)
select
  status,
  count(*) over (partition by status) as rules,
  length_text(min(ends[2] - ends[1]) over (partition by status)) as shortest,
  length_text(max(ends[2] - ends[1]) over (partition by status)) as longest,
  rule_id,
  owner_name,
  direction,
  protocol,
  from_port,
  to_port,
  peer
from listed
qualify row_number() over (partition by status order by open_to_world desc, position) <= ${limit}
order by status, open_to_world desc, position`;

/** The first incomplete interfaces in the order of the report, with the numbers of all; at least one row. */
export const incompleteInterfaces = (limit: number): string => /* sql */ `
with all_interfaces as materialized (
  from coverage
),
incomplete as materialized (
  from all_interfaces where evidence <> 'complete' and modelled is distinct from false
)
select w.interfaces, w.log_type, (select count(*) from incomplete) as incomplete, i.*
from (select count(*) as interfaces, any_value(log_type) as log_type from all_interfaces) w
left join (
  select interface_id, name, evidence, gap_minutes, skipdata_minutes
  from incomplete
  order by evidence, gap_minutes + skipdata_minutes desc, interface_id
  limit ${limit}
) i on true
order by i.evidence, i.gap_minutes + i.skipdata_minutes desc, i.interface_id`;

/** Open rules that were hit, but never by a connection with an answer. Rules without a hit are in unused-rules. */
export const openWithoutUse = (minDays: number): string => /* sql */ `
with hits as (
  select s.rule_id, sum(t.connections)::ubigint as connections, sum(t.meaningful)::ubigint as meaningful
  from rule_traffic t
  join rule_sets s using (rule_set_id)
  group by all
)
select
  r.rule_id,
  coalesce(r.owner_name, r.owner_id) as owner,
  r.direction,
  r.protocol,
  r.from_port,
  r.to_port,
  r.peer,
  h.connections,
  case
    when e.missing is not null then 'insufficient evidence'
    else short_text(e.window_from, e.window_to, ${minDays})
  end as doubt
from rules r
join hits h using (rule_id)
join rule_evidence e using (rule_id)
where r.open_to_world and r.layer = 'sg' and h.meaningful = 0 and r.protocol <> 'udp'
order by h.connections desc, r.rule_id`;
