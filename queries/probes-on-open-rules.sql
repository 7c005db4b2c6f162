-- title: Scanners admitted by open rules
-- description: Connections of scanners, and of outside sources that were rejected elsewhere, that a rule open to the
--   world admitted. meaningful counts those with a real answer - look at these first.
-- group: probes
-- narrow: source rule_id port connections meaningful protocol interface_id
-- severity: high
-- param: limit integer 1000 Maximum number of rows
with admitted as (
  select
    s.rule_id,
    t.peer,
    t.peer6,
    t.interface_idx,
    t.protocol,
    t.port,
    sum(t.connections)::ubigint as connections,
    sum(t.meaningful)::ubigint as meaningful,
    sum(t.reset)::ubigint as reset,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from classified_traffic t
  join rule_sets s using (rule_set_id)
  where t.traffic_class = 'scanner'
    and t.direction = 1
    and s.rule_id in (select rule_id from rules where layer = 'sg' and open_to_world)
  group by all
  order by meaningful desc, connections desc, s.rule_id, t.peer, t.peer6
  limit $limit
)
select
  address_text(a.peer, a.peer6) as source,
  a.rule_id,
  i.interface_id,
  a.protocol,
  a.port,
  a.connections,
  a.meaningful,
  a.reset,
  a.bytes,
  seconds_to_timestamp(a.first_s) as first_seen,
  seconds_to_timestamp(a.last_s) as last_seen
from admitted a
join interface_dim i using (interface_idx)
order by a.meaningful desc, a.connections desc, a.rule_id, source, i.interface_id, a.port
