-- title: Rejected probes by port
-- description: Rejected requests by protocol and port, with the number of sources and interfaces.
-- group: probes
-- severity: info
-- param: limit integer 100 Maximum number of rows
with ports as materialized (
  select protocol, port, count(*) as records, min(start_s) as first_s, max(end_s) as last_s
  from rejected_requests
  group by all
  order by records desc, protocol, port
  limit $limit
),
reach as (
  select protocol, port, count(distinct source) as sources, count(distinct interface_idx) as interfaces
  from rejected_requests
  semi join ports using (protocol, port)
  group by all
)
select
  p.protocol,
  p.port,
  p.records,
  r.sources,
  r.interfaces,
  seconds_to_timestamp(p.first_s) as first_seen,
  seconds_to_timestamp(p.last_s) as last_seen
from ports p
join reach r using (protocol, port)
order by p.records desc, p.protocol, p.port
