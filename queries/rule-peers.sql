-- title: Rule usage by peer and port
-- description: Connections that group rules admitted, by peer and service port, with the class of that use and the
--   facts behind it - real (answered above the floor), scanner (the peer scans, or was rejected elsewhere, and got no
--   real answer), replyless (neither).
-- group: rules
-- param: rule text - Only this rule
-- param: class text - Only this class (real, scanner, replyless)
-- param: limit integer 1000 Maximum number of rows
with numbered as materialized (
  select rule_id, row_number() over (order by rule_id) as n
  from (select distinct rule_id from rule_sets where $rule is null or rule_id = $rule)
),
traffic as materialized (
  select
    r.n,
    address_key(t.peer, t.peer6) as peer_key,
    ['replyless', 'scanner', 'real'].list_position(t.traffic_class)::utinyint as class,
    t.*
  from classified_traffic t
  join (select s.rule_set_id, m.n from rule_sets s join numbered m using (rule_id)) r using (rule_set_id)
  where $class is null or t.traffic_class = $class
),
-- One narrow sum finds the rows (numbers group faster than names and 128-bit addresses); the rest is summed for those.
busiest as materialized (
  select n, peer_key, protocol, port, class, sum(connections::bigint) as connections
  from traffic
  group by all
  order by connections desc, n, peer_key, protocol, port, class
  limit $limit
),
peers as (
  select
    t.n,
    t.peer_key,
    t.protocol,
    t.port,
    any_value(t.traffic_class) as traffic_class,
    any_value(t.peer) as peer,
    any_value(t.peer6) as peer6,
    sum(t.connections)::ubigint as connections,
    sum(t.replied)::ubigint as replied,
    sum(t.meaningful)::ubigint as meaningful,
    sum(t.reset)::ubigint as reset,
    sum(t.packets + t.reply_packets)::ubigint as packets,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from traffic t
  semi join busiest using (n, peer_key, protocol, port, class)
  group by t.n, t.peer_key, t.protocol, t.port, t.class
)
select
  m.rule_id,
  address_text(p.peer, p.peer6) as peer,
  p.protocol,
  p.port,
  p.traffic_class as class,
  p.connections,
  p.replied,
  p.meaningful,
  p.reset,
  p.packets,
  p.bytes,
  seconds_to_timestamp(p.first_s) as first_hit,
  seconds_to_timestamp(p.last_s) as last_hit
from peers p
join numbered m using (n)
order by p.connections desc, m.rule_id, p.peer_key, p.protocol, p.port, class
