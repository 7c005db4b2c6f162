-- title: Sources first rejected, later accepted
-- description: Requests of a source at an interface and port that were rejected before one was accepted, with the rules
--   that admit them now and, if the history of the configuration shows it, the rule that was added in between.
-- group: incident
-- narrow: source port first_refused first_accepted accepted_connections interface_id
-- severity: high
-- param: limit integer 1000 Maximum number of rows
with accepted as (
  select
    address_key(peer, peer6) as source,
    any_value(peer) as peer,
    any_value(peer6) as peer6,
    interface_idx,
    protocol,
    port,
    min(first_s) as first_s,
    sum(connections)::ubigint as connections,
    list_distinct(list(rule_set_id)) as sets
  from rule_traffic
  where direction = 1
  group by address_key(peer, peer6), interface_idx, protocol, port
),
refused as (
  select r.source, r.interface_idx, r.protocol, r.port, count(*) as records, min(r.start_s) as first_s, max(r.start_s) as last_s
  from rejected_requests r
  semi join accepted a using (source, interface_idx, protocol, port)
  group by all
),
turned as (
  select a.*, r.records as refused_records, r.first_s as first_refused, r.last_s as last_refused
  from accepted a
  join refused r using (source, interface_idx, protocol, port)
  where r.first_s < a.first_s
  order by a.first_s, a.source, a.interface_idx, a.port
  limit $limit
),
admitting as (
  select
    t.source,
    t.interface_idx,
    t.protocol,
    t.port,
    list_sort(list(distinct s.rule_id)) as rule_ids,
    list_sort(list(distinct s.rule_id) filter (
      r.valid_from > seconds_to_timestamp(t.first_refused) and r.valid_from <= seconds_to_timestamp(t.first_s + 600))) as new_rule_ids
  from (select *, unnest(sets) as rule_set_id from turned) t
  join rule_sets s using (rule_set_id)
  left join (select rule_id, min(coalesce(valid_from, '-infinity'::timestamp)) as valid_from from rule_dim group by all) r
    on r.rule_id = s.rule_id
  group by all
)
select
  address_text(t.peer, t.peer6) as source,
  i.interface_id,
  t.protocol,
  t.port,
  t.refused_records,
  seconds_to_timestamp(t.first_refused) as first_refused,
  seconds_to_timestamp(t.last_refused) as last_refused,
  seconds_to_timestamp(t.first_s) as first_accepted,
  t.connections as accepted_connections,
  a.rule_ids,
  a.new_rule_ids,
  i.name
from turned t
join interface_dim i using (interface_idx)
left join admitting a using (source, interface_idx, protocol, port)
order by t.first_s, t.source, i.interface_id, t.port
