-- title: Long-lived connections
-- description: Accepted connections (same addresses and ports) whose records span at least min_minutes without a pause
--   longer than max_pause_minutes - tunnels and remote shells, but also database pools.
-- group: incident
-- narrow: srcaddr dstaddr dstport minutes bytes protocol first_seen
-- severity: low
-- param: min_minutes integer 240 From this many minutes a connection is long
-- param: max_pause_minutes integer 15 After a longer silence the ports are taken for a new connection
-- param: limit integer 1000 Maximum number of rows
with
-- A connection of min_minutes covers at least two instants of a grid of half that length, and has a record at each of them or
-- within one pause before it. Records that are far from every instant need not be grouped by connection.
candidates as materialized (
  select flow
  from (
    select
      hash(f.src, f.dst, f.src6, f.dst6, f.srcport, f.dstport, f.protocol, f.interface_idx) as flow,
      (f.start_s + greatest($min_minutes * 30, 1) - 1) // greatest($min_minutes * 30, 1) as first_instant,
      (f.start_s + f.duration + $max_pause_minutes * 60) // greatest($min_minutes * 30, 1) as last_instant
    from flow_facts f
    where f.protocol in (6, 17)
      and f.judgement_id in (select judgement_id from judgements where action = 'ACCEPT')
      and (f.start_s + greatest($min_minutes * 30, 1) - 1) // greatest($min_minutes * 30, 1) <= (f.start_s + f.duration + $max_pause_minutes * 60) // greatest($min_minutes * 30, 1))
  group by all
  having $min_minutes <= 0 or max(last_instant) > min(first_instant)
),
accepted as materialized (
  select
    hash(f.src, f.dst, f.src6, f.dst6, f.srcport, f.dstport, f.protocol, f.interface_idx) as flow,
    f.start_s,
    f.duration,
    f.bytes,
    f.packets
  from flow_facts f
  where f.protocol in (6, 17)
    and f.judgement_id in (select judgement_id from judgements where action = 'ACCEPT')
    and hash(f.src, f.dst, f.src6, f.dst6, f.srcport, f.dstport, f.protocol, f.interface_idx) in (from candidates)
),
spanning as (
  select
    flow,
    count(*) as records,
    min(start_s) as first_s,
    max(start_s + duration) as last_s,
    sum(bytes)::ubigint as bytes,
    sum(packets)::ubigint as packets
  from accepted
  group by all
  having max(start_s + duration) - min(start_s) >= $min_minutes * 60
),
steady as (
  select flow, max(pause) as longest_pause
  from (
    select flow, start_s - lag(start_s + duration) over (partition by flow order by start_s) as pause
    from accepted
    where flow in (select flow from spanning))
  group by all
  having max(pause) <= $max_pause_minutes * 60
),
longest as (
  select s.* from spanning s join steady t using (flow) order by s.last_s - s.first_s desc, s.bytes desc, s.flow limit $limit
),
examples as (
  select
    hash(f.src, f.dst, f.src6, f.dst6, f.srcport, f.dstport, f.protocol, f.interface_idx) as flow,
    any_value(f) as f
  from flow_facts f
  where hash(f.src, f.dst, f.src6, f.dst6, f.srcport, f.dstport, f.protocol, f.interface_idx) in (select flow from longest)
  group by all
)
select
  i.interface_id,
  address_text(e.f.src, e.f.src6) as srcaddr,
  e.f.srcport as srcport,
  address_text(e.f.dst, e.f.dst6) as dstaddr,
  e.f.dstport as dstport,
  e.f.protocol as protocol,
  (l.last_s - l.first_s) // 60 as minutes,
  l.bytes,
  l.packets,
  l.records,
  seconds_to_timestamp(l.first_s) as first_seen,
  seconds_to_timestamp(l.last_s) as last_seen,
  i.name
from longest l
join examples e using (flow)
join interface_dim i on i.interface_idx = e.f.interface_idx
order by minutes desc, l.bytes desc, i.interface_id, srcaddr, srcport
