-- title: Horizontal scans: many targets
-- description: Sources that tried the same few ports of many targets (horizontal), many ports of many targets (spray),
--   or did so from inside the network (lateral), and were rejected.
-- group: probes
-- severity: medium
-- param: sweep_targets integer 5 From this many targets of one port a source scans
-- param: spray_ports integer 10 From this many ports on several targets a source sprays
-- param: limit integer 1000 Maximum number of rows
with scans as materialized (
  select *
  from scan_sources(sweep_targets := $sweep_targets, spray_ports := $spray_ports, networks := false)
  where scan_kind in ('horizontal', 'spray', 'lateral')
  order by targets desc, pairs desc, source
  limit $limit
),
ports as (
  select source, count(*) as port_count, list_sort(min(port, 20)) as ports
  from (select distinct source, protocol, port from rejected_requests where source in (select source from scans))
  group by all
)
select
  address_text(s.src, s.src6) as source,
  s.scan_kind,
  s.targets,
  p.port_count,
  p.ports,
  s.records,
  seconds_to_timestamp(s.first_s) as first_seen,
  seconds_to_timestamp(s.last_s) as last_seen
from scans s
join ports p using (source)
order by s.targets desc, s.pairs desc, s.source
