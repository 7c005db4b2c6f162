-- title: First connection of each peer and service
-- description: Each interface, peer, direction and service port with the time of its first accepted connection, newest
--   first.
-- group: incident
-- narrow: first_seen direction peer port interface_id protocol
-- param: limit integer 1000 Maximum number of rows
-- param: since timestamp - Only what was first seen from this time on
with pairs as (
  select
    interface_idx,
    direction,
    protocol,
    port,
    peer,
    peer6,
    min(first_s) as first_s,
    max(last_s) as last_s,
    sum(connections)::ubigint as connections,
    sum(bytes + reply_bytes)::ubigint as bytes
  from rule_traffic
  group by all
  having min(first_s) >= coalesce(epoch($since::timestamp), 0)
  order by first_s desc, interface_idx, peer, peer6, port
  limit $limit
)
select
  i.interface_id,
  case p.direction when 1 then 'ingress' else 'egress' end as direction,
  address_text(p.peer, p.peer6) as peer,
  p.protocol,
  p.port,
  seconds_to_timestamp(p.first_s) as first_seen,
  seconds_to_timestamp(p.last_s) as last_seen,
  p.connections,
  p.bytes,
  i.name
from pairs p
join interface_dim i using (interface_idx)
order by p.first_s desc, i.interface_id, p.peer, p.peer6, p.port
