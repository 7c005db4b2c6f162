-- title: Who uses a rule, and how seriously
-- description: Connections that group rules admitted, by peer and service port, with the class of that use and the facts
--   it rests on - real (answered above the floor), scanner (the peer scans, or was refused elsewhere, and got no real
--   answer), replyless (neither).
-- group: rules
-- param: rule text - Only this rule
-- param: class text - Only this class (real, scanner, replyless)
-- param: limit integer 1000 Rows at most
with peers as (
  select
    s.rule_id,
    t.peer,
    t.peer6,
    t.protocol,
    t.port,
    t.traffic_class,
    sum(t.connections)::ubigint as connections,
    sum(t.replied)::ubigint as replied,
    sum(t.meaningful)::ubigint as meaningful,
    sum(t.reset)::ubigint as reset,
    sum(t.packets + t.reply_packets)::ubigint as packets,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    count(distinct t.interface_idx) as interfaces,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from classified_traffic t
  join rule_sets s using (rule_set_id)
  where ($rule is null or s.rule_id = $rule) and ($class is null or t.traffic_class = $class)
  group by all
  order by connections desc, s.rule_id, t.peer, t.peer6, t.protocol, t.port
  limit $limit
)
select
  rule_id,
  address_text(peer, peer6) as peer,
  protocol,
  port,
  traffic_class as class,
  connections,
  replied,
  meaningful,
  reset,
  packets,
  bytes,
  interfaces,
  seconds_to_timestamp(first_s) as first_hit,
  seconds_to_timestamp(last_s) as last_hit
from peers
order by connections desc, rule_id, peers.peer, peers.peer6, protocol, port, class
