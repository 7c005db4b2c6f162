-- title: Login ports reached from the internet
-- description: Accepted connections from outside addresses at login ports (SSH, Telnet, SMB, RDP, VNC, WinRM,
--   databases), with the rules that admitted them.
-- group: incident
-- narrow: source port connections meaningful bytes interface_id
-- severity: high
-- param: limit integer 1000 Maximum number of rows
with admitted as (
  select
    interface_idx,
    protocol,
    port,
    peer,
    peer6,
    sum(connections)::ubigint as connections,
    sum(meaningful)::ubigint as meaningful,
    sum(bytes + reply_bytes)::ubigint as bytes,
    list_distinct(list(rule_set_id)) as sets,
    min(first_s) as first_s,
    max(last_s) as last_s
  from rule_traffic
  where direction = 1 and is_login_port(protocol, port) and not is_internal(peer, peer6)
  group by all
  order by meaningful desc, connections desc, peer, peer6, interface_idx, port
  limit $limit
),
rules_of as (
  select a.interface_idx, a.port, a.peer, a.peer6, list_sort(list(distinct s.rule_id)) as rule_ids
  from (select *, unnest(sets) as rule_set_id from admitted) a
  join rule_sets s using (rule_set_id)
  group by all
)
select
  i.interface_id,
  a.port,
  address_text(a.peer, a.peer6) as source,
  a.connections,
  a.meaningful,
  a.bytes,
  r.rule_ids,
  seconds_to_timestamp(a.first_s) as first_seen,
  seconds_to_timestamp(a.last_s) as last_seen,
  i.name
from admitted a
join interface_dim i using (interface_idx)
left join rules_of r
  on r.interface_idx = a.interface_idx and r.port = a.port and r.peer is not distinct from a.peer and r.peer6 is not distinct from a.peer6
order by a.meaningful desc, a.connections desc, a.peer, a.peer6, i.interface_id, a.port
