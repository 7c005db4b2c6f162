-- title: What would break if a rule went
-- description: Connections that a group rule alone admitted, by peer and service, with the interfaces they reach (ten
--   are named). A rule without rows can go by itself; several that cover each other cannot all go (see flowreplay
--   removable). Where certain is false the records cannot tell whether this rule or another one admitted the packet
--   (ICMP types).
-- group: rules
-- param: rule text - Only this rule
-- param: class text - Only this class (real, scanner, replyless)
-- param: limit integer 1000 Rows at most
with numbered as materialized (
  select rule_id, row_number() over (order by rule_id) as n
  from (select distinct rule_id from rule_sets where $rule is null or rule_id = $rule)
),
alone as materialized (
  select s.rule_set_id, r.n, s.certain
  from rule_sets s
  join numbered r using (rule_id)
  where not s.certain or s.rule_set_id in (select rule_set_id from rule_sets group by all having count(*) = 1)
),
-- Replies of untracked flows (port 0) need their rule no more once it is gone: then the flow is tracked.
peers as materialized (
  select
    a.n,
    a.certain,
    address_key(t.peer, t.peer6) as peer_key,
    t.protocol,
    t.port,
    t.traffic_class,
    any_value(t.peer) as peer,
    any_value(t.peer6) as peer6,
    sum(t.connections)::ubigint as connections,
    sum(t.packets + t.reply_packets)::ubigint as packets,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from classified_traffic t
  join alone a using (rule_set_id)
  where ($class is null or t.traffic_class = $class) and not (t.protocol in (6, 17) and t.port = 0)
  group by all
  order by connections desc, a.n, peer_key, t.protocol, t.port
  limit $limit
),
-- Where: only for the rows that are shown.
reached as (
  select p.n, p.certain, p.peer_key, p.protocol, p.port, p.traffic_class, list_sort(list(distinct i.interface_id)) as interface_ids
  from peers p
  join alone a on a.n = p.n and a.certain = p.certain
  join rule_traffic t
    on t.rule_set_id = a.rule_set_id and address_key(t.peer, t.peer6) = p.peer_key and t.protocol = p.protocol and t.port = p.port
  join interface_dim i using (interface_idx)
  group by all
)
select
  m.rule_id,
  address_text(p.peer, p.peer6) as peer,
  p.protocol,
  p.port,
  p.traffic_class as class,
  p.connections,
  len(e.interface_ids) as interfaces,
  e.interface_ids[:10] as interface_ids,
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
join reached e using (n, certain, peer_key, protocol, port, traffic_class)
join rules r using (rule_id)
order by p.connections desc, m.rule_id, p.peer_key, p.protocol, p.port, class
