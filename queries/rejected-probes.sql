-- title: Rejected probes by source
-- description: Sources of rejected requests, scanners first, with the kind of scan that their requests look like -
--   vertical (many ports of one target), horizontal (few ports of many targets), spray (many of both), lateral (from
--   inside), brute_force (a login port again and again), slow (over days). No kind means an ordinary client that was
--   rejected.
-- group: probes
-- narrow: source scan_kind records port_count interface_count first_seen ports
-- severity: low
-- param: limit integer 1000 Maximum number of rows
-- param: vertical_ports integer 15 From this many ports of one target a source scans vertically
-- param: sweep_targets integer 5 From this many targets of one port a source scans horizontally
-- param: spray_ports integer 10 From this many ports on several targets a source sprays
-- param: brute_attempts integer 30 From this many rejected records at one login port it is brute force
with scanners as (
  select *
  from scan_sources(
    vertical_ports := $vertical_ports,
    sweep_targets := $sweep_targets,
    spray_ports := $spray_ports,
    brute_attempts := $brute_attempts)
),
sources as (
  select source, count(*) as records from rejected_requests group by all
),
picked as materialized (
  select s.source, k.scan_kind
  from sources s
  left join scanners k using (source)
  order by k.scan_kind is null, k.pairs desc nulls last, s.records desc, s.source
  limit $limit
),
-- Everything that is shown of the sources, in one pass over the records.
seen as materialized (
  select
    source,
    interface_idx,
    protocol,
    port,
    any_value(src6) as src6,
    count(*) as records,
    min(start_s) as first_s,
    max(end_s) as last_s
  from rejected_requests
  where source in (select source from picked)
  group by source, interface_idx, protocol, port
),
ports as (
  select source, count(*) as port_count, list_sort(min(port, 20)) as ports, list_sort(list(distinct protocol)) as protocols
  from (select distinct source, protocol, port from seen)
  group by all
),
per_interface as (
  select
    source,
    interface_idx,
    case when source < 4294967296 then source::uinteger end as src,
    any_value(src6) as src6,
    sum(records)::ubigint as records,
    min(first_s) as first_s,
    max(last_s) as last_s
  from seen
  group by source, interface_idx
),
details as (
  select
    source,
    any_value(src) as src,
    any_value(src6) as src6,
    sum(records)::ubigint as records,
    count(*) as interface_count,
    list(interface_idx) as interfaces,
    min(first_s) as first_s,
    max(last_s) as last_s
  from per_interface
  group by all
)
select
  address_text(d.src, d.src6) as source,
  k.scan_kind,
  d.records,
  p.port_count,
  p.ports,
  d.interface_count,
  list_sort(list_transform(d.interfaces, lambda n: coalesce(m.names[n], n::varchar)))[1:20] as interfaces,
  seconds_to_timestamp(d.first_s) as first_seen,
  seconds_to_timestamp(d.last_s) as last_seen,
  p.protocols,
  case when is_internal(d.src, d.src6) then 'internal' else 'internet' end as origin
from details d
join ports p using (source)
join picked k using (source)
cross join (select map(list(interface_idx), list(interface_id)) as names from interface_dim) m
order by k.scan_kind is null, p.port_count * d.interface_count desc, d.records desc, d.source
