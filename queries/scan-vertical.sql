-- title: Vertical scans: many ports of one target
-- description: Sources that tried vertical_ports or more ports of one or two targets and were rejected.
-- group: probes
-- severity: medium
-- param: vertical_ports integer 15 From this many ports a source scans
with scans as materialized (
  select * from scan_sources(vertical_ports := $vertical_ports, networks := false) where scan_kind = 'vertical'
),
ports as (
  select
    source,
    interface_idx,
    count(*) as ports,
    min(port) as lowest_port,
    max(port) as highest_port,
    sum(records)::ubigint as records,
    min(first_s) as first_s,
    max(last_s) as last_s
  from (
    select source, interface_idx, protocol, port, count(*) as records, min(start_s) as first_s, max(end_s) as last_s
    from rejected_requests
    where source in (select source from scans)
    group by all)
  group by all
)
select
  address_text(s.src, s.src6) as source,
  i.interface_id,
  p.ports,
  p.lowest_port,
  p.highest_port,
  p.records,
  seconds_to_timestamp(p.first_s) as first_seen,
  seconds_to_timestamp(p.last_s) as last_seen,
  round(p.ports / greatest(p.last_s - p.first_s, 1), 2) as ports_per_second,
  i.name
from scans s
join ports p using (source)
join interface_dim i using (interface_idx)
order by p.ports desc, s.source, i.interface_id
