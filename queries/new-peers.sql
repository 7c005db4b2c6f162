-- title: New peers
-- description: Peers whose first accepted connection with an interface falls into the last `hours` of the log, although
--   the interface was logged before, with what they did since.
-- group: incident
-- narrow: peer direction ports connections bytes first_seen interface_id
-- severity: low
-- param: hours integer 24 Length of the end of the log that counts as new
-- param: limit integer 1000 Maximum number of rows
with bounds as (
  select max(last_s) - $hours * 3600 as since_s, min(first_s) as start_s from rule_traffic
),
peers as (
  select
    interface_idx,
    direction,
    peer,
    peer6,
    min(first_s) as first_s,
    max(last_s) as last_s,
    sum(connections)::ubigint as connections,
    sum(meaningful)::ubigint as meaningful,
    sum(bytes + reply_bytes)::ubigint as bytes,
    list_sort(list(distinct port))[1:20] as ports
  from rule_traffic
  where (interface_idx, direction, address_key(peer, peer6)) not in (
    select (interface_idx, direction, address_key(peer, peer6)) from rule_traffic where first_s < (select since_s from bounds))
  group by all
),
older as (
  select interface_idx from rule_traffic group by all having min(first_s) < (select since_s from bounds)
)
select
  i.interface_id,
  case p.direction when 1 then 'ingress' else 'egress' end as direction,
  address_text(p.peer, p.peer6) as peer,
  p.ports,
  p.connections,
  p.meaningful,
  p.bytes,
  seconds_to_timestamp(p.first_s) as first_seen,
  seconds_to_timestamp(p.last_s) as last_seen,
  i.name
from peers p
join older using (interface_idx)
join interface_dim i using (interface_idx)
order by p.meaningful = 0, p.bytes desc, i.interface_id, p.peer, p.peer6
limit $limit
