-- title: Who knocked and was refused
-- description: Sources of refused requests, scanners first, with the kind of scan their requests have the shape of -
--   vertical (many ports of one target), horizontal (few ports of many targets), spray (many of both), lateral (from
--   inside), brute_force (a login port again and again), slow (over days). No kind means an ordinary refused client.
-- group: probes
-- severity: low
-- param: limit integer 1000 Rows at most
-- param: vertical_ports integer 15 Ports of one target from which on a source scans vertically
-- param: sweep_targets integer 5 Targets of one port from which on a source scans horizontally
-- param: spray_ports integer 10 Ports on several targets from which on a source sprays
-- param: brute_attempts integer 30 Refused records at one login port from which on a source tries by force
with scanners as (
  select *
  from scan_sources(
    vertical_ports := $vertical_ports,
    sweep_targets := $sweep_targets,
    spray_ports := $spray_ports,
    brute_attempts := $brute_attempts)
),
sources as (
  select src, src6, count(*) as records from rejected_requests group by all
),
picked as materialized (
  select s.src, s.src6, k.scan_kind, k.pairs
  from sources s
  left join scanners k on s.src is not distinct from k.src and s.src6 is not distinct from k.src6
  order by k.scan_kind is null, k.pairs desc nulls last, s.records desc, s.src, s.src6
  limit $limit
),
details as (
  select
    p.src,
    p.src6,
    p.scan_kind,
    count(*) as records,
    count(distinct r.protocol::uinteger * 65536 + r.port) as port_count,
    list_sort(list(distinct r.port)) as ports,
    count(distinct r.interface_idx) as interface_count,
    list(distinct r.interface_idx) as interfaces,
    list_sort(list(distinct r.protocol)) as protocols,
    min(r.start_s) as first_s,
    max(r.end_s) as last_s
  from rejected_requests r
  join picked p on r.src is not distinct from p.src and r.src6 is not distinct from p.src6
  group by all
)
select
  address_text(d.src, d.src6) as source,
  d.scan_kind,
  d.records,
  d.port_count,
  d.ports[1:20] as ports,
  d.interface_count,
  list_sort(list_transform(d.interfaces, lambda n: coalesce(m.names[n], n::varchar)))[1:20] as interfaces,
  seconds_to_timestamp(d.first_s) as first_seen,
  seconds_to_timestamp(d.last_s) as last_seen,
  d.protocols,
  case when is_internal(d.src, d.src6) then 'internal' else 'internet' end as origin
from details d
cross join (select map(list(interface_idx), list(interface_id)) as names from interface_dim) m
order by d.scan_kind is null, d.port_count * d.interface_count desc, d.records desc, source
