-- title: Possible exfiltration: much more sent than received
-- description: Outside peers to which an interface sent at least min_bytes, and at least `ratio` times what came back.
--   Servers answer more than they are asked, so look first at connections that the interface opened itself.
-- group: incident
-- severity: medium
-- param: min_bytes integer 10000000 Fewest bytes sent for a peer to count
-- param: ratio number 10 Sent divided by received
-- param: limit integer 1000 Maximum number of rows
with flows as (
  select
    interface_idx,
    direction,
    peer,
    peer6,
    sum(case direction when 2 then bytes else reply_bytes end)::ubigint as sent,
    sum(case direction when 2 then reply_bytes else bytes end)::ubigint as received,
    sum(connections)::ubigint as connections,
    list_sort(list(distinct port))[1:20] as ports,
    min(first_s) as first_s,
    max(last_s) as last_s
  from rule_traffic
  where not is_internal(peer, peer6)
  group by all
  having sent >= $min_bytes and sent >= $ratio * received
  order by sent desc, interface_idx, peer, peer6
  limit $limit
)
select
  i.interface_id,
  address_text(f.peer, f.peer6) as peer,
  f.sent as bytes_sent,
  f.received as bytes_received,
  round(f.sent / greatest(f.received, 1), 1) as ratio,
  case f.direction when 2 then 'local' else 'remote' end as initiator,
  f.ports,
  f.connections,
  seconds_to_timestamp(f.first_s) as first_seen,
  seconds_to_timestamp(f.last_s) as last_seen,
  i.name,
  i.instance_id
from flows f
join interface_dim i using (interface_idx)
order by f.direction desc, f.sent desc, i.interface_id, peer
