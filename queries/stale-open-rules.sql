-- title: Rules open to the whole internet, and who really uses them
-- description: Group rules for 0.0.0.0/0 or ::/0 with their real use, scanners set aside, and what could replace them -
--   remove where nobody real came, the peers' addresses where they are few, their networks where these are few.
-- group: rules
-- severity: high
-- param: max_replacements integer 10 Addresses or networks that still make a sensible replacement
with open_rules as (
  select * from rules where layer = 'sg' and open_to_world
),
real_peers as (
  select s.rule_id, t.peer, t.peer6, sum(t.connections)::ubigint as connections
  from classified_traffic t
  join rule_sets s using (rule_set_id)
  where t.traffic_class = 'real' and s.rule_id in (select rule_id from open_rules)
  group by all
),
real_networks as (
  select rule_id, peer >> 8 as network, peer6 >> 64 as network6, sum(connections)::ubigint as connections
  from real_peers
  group by all
),
peers as (
  select
    rule_id,
    count(*) as peers,
    max_by((peer, peer6), connections, $max_replacements) as top_peers
  from real_peers
  group by all
),
networks as (
  select
    rule_id,
    count(*) as networks,
    max_by((network, network6), connections, $max_replacements) as top_networks
  from real_networks
  group by all
),
named as (
  select
    o.rule_id,
    coalesce(p.peers, 0) as real_peers,
    coalesce(n.networks, 0) as real_networks,
    list_sort(list_transform(p.top_peers, lambda a: concat(address_text(a[1], a[2]), case when a[1] is null then '/128' else '/32' end)))
      as addresses,
    list_sort(list_transform(n.top_networks, lambda a: case when a[1] is null then ipv6_text(a[2] << 64) || '/64'
      else ipv4_text((a[1]::ubigint << 8)::uinteger) || '/24' end)) as networks
  from open_rules o
  left join peers p using (rule_id)
  left join networks n using (rule_id)
)
select
  o.rule_id,
  u.usage_class,
  n.real_peers,
  case
    when o.attached_interfaces = 0 then 'remove: on no interface'
    when u.usage_class = 'none' then 'remove, if unused-rules says unused'
    when u.usage_class = 'scanner_only' then 'remove: only scanners came'
    when u.usage_class = 'replyless' then 'check: connections, but never an answer'
    when n.real_peers <= $max_replacements then array_to_string(n.addresses, ', ')
    when n.real_networks <= $max_replacements then array_to_string(n.networks, ', ')
    else concat('keep: ', n.real_peers, ' peers in ', n.real_networks, ' networks')
  end as suggested_replacement,
  o.direction,
  o.protocol,
  o.from_port,
  o.to_port,
  o.peer,
  o.owner_id,
  o.owner_name,
  u.connections,
  u.real_connections,
  u.scanner_connections,
  u.last_hit,
  o.attached_interfaces,
  o.description
from open_rules o
join rule_usage u using (rule_id)
join named n using (rule_id)
order by o.direction desc, u.real_connections, u.connections, o.rule_id
