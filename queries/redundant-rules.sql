-- title: Redundant rules
-- description: Group rules that were used, but never alone - each connection was also admitted by another rule of the
--   same interface. covered_by names the rules that admit all of them; if it is empty, several rules do so together.
--   Removing one redundant rule breaks no observed connection; removing two that cover each other does. status is
--   redundant, short_window (seen for less than min_days) or insufficient_evidence; reason says why.
-- group: rules
-- severity: low
-- param: min_days integer 30 Days that the window of a rule must have for more than short_window
with traffic as (
  select rule_set_id, sum(connections)::ubigint as connections, max(last_s) as last_s
  from possible_traffic
  where rule_set_id in (select rule_set_id from rule_set_members)
  group by all
),
members as (
  select t.rule_set_id, t.connections, t.last_s, m.rule_id, m.credited, m.matches
  from traffic t
  join counted_members m using (rule_set_id)
),
-- A rule whose match the records cannot prove covers no other rule, and neither does one that was removed.
covered as (
  select a.rule_set_id, a.rule_id, b.rule_id as other_id
  from members a
  join members b using (rule_set_id)
  where a.rule_id <> b.rule_id and b.matches and b.rule_id in (select rule_id from rules where valid_to is null)
),
used as (
  select
    m.rule_id,
    count(*) as sets,
    sum(m.connections) filter (m.credited)::ubigint as connections,
    bool_and((m.rule_set_id, m.rule_id) in (select (rule_set_id, rule_id) from covered)) as always_covered,
    max(m.last_s) filter (m.credited) as last_s
  from members m
  group by all
  having bool_or(m.credited)
),
together as (
  select rule_id, other_id, count(*) as sets from covered group by all
)
select
  u.rule_id,
  coalesce(list_sort(list(o.other_id) filter (o.sets = u.sets)), []) as covered_by,
  u.connections,
  seconds_to_timestamp(u.last_s) as last_hit,
  list_sort(list(o.other_id)) as shared_with,
  r.direction,
  r.protocol,
  r.from_port,
  r.to_port,
  r.peer,
  r.owner_id,
  r.owner_name,
  r.description,
  status_of('redundant', e.missing, e.window_from, e.window_to, $min_days) as status,
  coalesce(e.missing, short_text(e.window_from, e.window_to, $min_days)) as reason,
  window_text(e.window_from, e.window_to) as "window"
from used u
join together o using (rule_id)
join rules r using (rule_id)
join rule_evidence e using (rule_id)
where u.always_covered and r.valid_to is null
group by all
order by u.connections desc, u.rule_id
