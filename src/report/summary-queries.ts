/** What the summary asks beyond the reports it shares: cheap even on large files, because every replay ends with it. */
export const TOTALS = /* sql */ `
select
  (select coalesce(sum(records), 0) from activity) as records,
  (select count(distinct interface_idx) from activity) as interfaces,
  (select count(*) from interface_dim where modelled) as modelled,
  (select min(first_evidence) from coverage) as first_evidence,
  (select max(last_evidence) from coverage) as last_evidence,
  (select count(*) from bad_line_rows) as bad_lines,
  (select sum(records) from prunes) as pruned,
  (select max(before) from prunes) as pruned_before`;

export const AGREEMENTS = /* sql */ `
select j.agreement, sum(a.records)::ubigint as records
from activity a
join judgements j using (judgement_id)
group by j.agreement
order by
  list_position(['agree', 'unexpected_accept', 'unexpected_reject', 'undecided', 'unmodelled', 'no_data'], j.agreement)`;

/** The busiest sources of refused requests with the kind of their scan; ordinary refused clients have none. */
export const PROBES = /* sql */ `
with busiest as materialized (
  select source, count(*) as records
  from rejected_requests
  group by all
  order by records desc, source
  limit 40
),
shown as materialized (
  select b.source, b.records, s.scan_kind
  from busiest b
  left join scan_sources(busiest := 40, networks := false) s using (source)
  order by s.scan_kind is null, b.records desc, b.source
  limit $limit
)
select
  address_text(any_value(r.src), any_value(r.src6)) as source,
  s.scan_kind,
  s.records,
  count(distinct r.pair & 16777215) as ports,
  count(distinct r.pair >> 24) as targets
from shown s
join rejected_requests r using (source)
group by s.source, s.records, s.scan_kind
order by s.scan_kind is null, s.records desc, s.source`;

export const PROBE_TOTALS = /* sql */ `
select count(*) as records, count(distinct source) as sources from rejected_requests`;

/** Open rules that were hit, yet never by a connection with an answer; what is never hit stands among the unused. */
export const OPEN_WITHOUT_USE = /* sql */ `
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
  h.connections
from rules r
join hits h using (rule_id)
where r.open_to_world and r.layer = 'sg' and h.meaningful = 0 and r.protocol <> 'udp'
order by h.connections desc, r.rule_id`;
