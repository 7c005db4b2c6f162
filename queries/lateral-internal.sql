-- title: Lateral movement at login ports
-- description: Inside sources and what they did at login ports (SSH, RDP, SMB, databases, ...) of inside interfaces -
--   how many targets they reached and how many rejected them. Many targets, or many rejections, are typical of an
--   intruder.
-- group: incident
-- severity: medium
-- param: min_targets integer 3 Fewest targets, reached or rejecting, for a source to count
-- param: limit integer 1000 Maximum number of rows
with touched as (
  select
    peer,
    peer6,
    interface_idx,
    port,
    sum(connections)::ubigint as connections,
    sum(meaningful)::ubigint as meaningful,
    0::ubigint as refused,
    min(first_s) as first_s,
    max(last_s) as last_s
  from rule_traffic
  where direction = 1 and is_internal(peer, peer6) and is_login_port(protocol, port)
  group by all
  union all
  select src, src6, interface_idx, port, 0, 0, count(*), min(start_s), max(end_s)
  from rejected_requests
  where is_internal(src, src6) and is_login_port(protocol, port) and pair >> 24 < 4294967296
  group by all
),
sources as (
  select
    peer,
    peer6,
    count(distinct interface_idx) as targets,
    count(distinct interface_idx) filter (meaningful > 0) as reached,
    count(distinct interface_idx) filter (refused > 0) as refusing,
    list_sort(list(distinct port)) as ports,
    sum(connections)::ubigint as connections,
    sum(refused)::ubigint as refused_records,
    min(first_s) as first_s,
    max(last_s) as last_s
  from touched
  group by all
  having count(distinct interface_idx) >= $min_targets
  order by refusing desc, targets desc, peer, peer6
  limit $limit
)
select
  address_text(s.peer, s.peer6) as source,
  s.targets,
  s.reached,
  s.refusing,
  s.ports,
  s.connections,
  s.refused_records,
  seconds_to_timestamp(s.first_s) as first_seen,
  seconds_to_timestamp(s.last_s) as last_seen,
  o.interface_id as source_interface,
  o.name as source_name
from sources s
left join (select unnest(addresses) as address, interface_id, name from interface_dim) o
  on o.address = address_text(s.peer, s.peer6)
order by s.refusing desc, s.targets desc, s.peer, s.peer6
