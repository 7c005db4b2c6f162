-- title: Impact of removing a rule
-- description: Connections that only this group rule admitted, by peer and service, with the interfaces they reach (at
--   most ten are named). A rule without rows can be removed by itself; rules that cover each other cannot all be
--   removed (see flowreplay removable). If certain is false, the records cannot tell whether this rule or another one
--   admitted the packet (ICMP types, unknown opener).
-- group: rules
-- param: rule text - Only this rule
-- param: class text - Only this class (real, scanner, replyless)
-- param: limit integer 1000 Maximum number of rows
with numbered as materialized (
  select rule_id, row_number() over (order by rule_id) as n
  from (select distinct rule_id from rule_set_members where $rule is null or rule_id = $rule)
),
alone as materialized (
  select s.rule_set_id, r.n, s.certain
  from (select *, count_if(matches) over (partition by rule_set_id) as matching from counted_members) s
  join numbered r using (rule_id)
  where s.matching = 0 or (s.matching = 1 and s.matches)
),
-- Port 0 stands for replies of untracked flows. Without the open rule the flow is tracked, and its replies need no rule.
traffic as materialized (
  select
    a.n,
    a.certain,
    address_key(t.peer, t.peer6) as peer_key,
    ['replyless', 'scanner', 'real'].list_position(t.traffic_class)::utinyint as class,
    t.*
  from classified_traffic t
  join alone a using (rule_set_id)
  where ($class is null or t.traffic_class = $class) and not (t.protocol in (6, 17) and t.port = 0)
),
-- One narrow sum finds the rows (numbers group faster than names); the other columns are summed for those only.
busiest as materialized (
  select n, certain, peer_key, protocol, port, class, sum(connections::bigint) as connections
  from traffic
  group by all
  order by connections desc, n, peer_key, protocol, port, class, certain
  limit $limit
),
peers as (
  select
    t.n,
    t.certain,
    t.peer_key,
    t.protocol,
    t.port,
    any_value(t.traffic_class) as traffic_class,
    any_value(t.peer) as peer,
    any_value(t.peer6) as peer6,
    sum(t.connections)::ubigint as connections,
    sum(t.packets + t.reply_packets)::ubigint as packets,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s,
    list(distinct t.interface_idx) as interfaces
  from traffic t
  semi join busiest using (n, certain, peer_key, protocol, port, class)
  group by t.n, t.certain, t.peer_key, t.protocol, t.port, t.class
)
select
  m.rule_id,
  address_text(p.peer, p.peer6) as peer,
  p.protocol,
  p.port,
  p.traffic_class as class,
  p.connections,
  len(p.interfaces) as interfaces,
  list_sort(list_transform(p.interfaces, lambda n: i.names[n]))[:10] as interface_ids,
  p.packets,
  p.bytes,
  seconds_to_timestamp(p.first_s) as first_hit,
  seconds_to_timestamp(p.last_s) as last_hit,
  p.certain,
  r.owner_id,
  r.owner_name,
  r.description
from peers p
join numbered m using (n)
join rules r using (rule_id)
cross join (select map(list(interface_idx), list(interface_id)) as names from interface_dim) i
order by p.connections desc, m.rule_id, p.peer_key, p.protocol, p.port, class
