-- title: Shadowed and duplicate rules
-- description: From the configuration alone - network ACL entries that an earlier entry covers completely (shadowed if
--   it decides otherwise, redundant if it decides the same), and group rules inside a wider rule of their group.
--   Entries that only several others cover together are not looked for. With a history of the configuration, the newest
--   one counts.
-- group: rules
-- severity: low
with shaped as (
  select
    rule_id,
    layer,
    owner_id,
    owner_name,
    direction,
    rule_number,
    action,
    protocol,
    peer,
    description,
    from_port,
    to_port,
    coalesce(from_port, 0) as low_port,
    coalesce(to_port, 65535) as high_port,
    prefix4_low(peer) as low4,
    prefix4_high(peer) as high4
  from rules
  where rule_id not like '%/*' and valid_to is null
),
shaped6 as (
  select *, prefix6_low(peer) as low6, prefix6_high(peer) as high6 from shaped
),
covers as (
  select a.rule_id, b.rule_id as by_id, b.action as by_action, b.rule_number as by_number
  from shaped6 a
  join shaped6 b
    on a.layer = b.layer
    and a.owner_id = b.owner_id
    and a.direction = b.direction
    and a.rule_id <> b.rule_id
  -- ICMP types are not stored, so of two ICMP rules nothing is said.
  where (b.protocol in ('all', '-1') or (b.protocol = a.protocol and a.protocol not in ('icmp', 'icmpv6', '1', '58')))
    and b.low_port <= a.low_port
    and b.high_port >= a.high_port
    and (b.from_port is null or a.from_port is not null)
    and (b.peer = a.peer or (b.low4 <= a.low4 and b.high4 >= a.high4) or (b.low6 <= a.low6 and b.high6 >= a.high6))
    and case a.layer
      when 'nacl' then b.rule_number < a.rule_number
      -- Of two equal rules only the later id is reported.
      else b.protocol <> a.protocol or b.low_port <> a.low_port or b.high_port <> a.high_port or b.peer <> a.peer or b.rule_id < a.rule_id
    end
),
covered as (
  select
    rule_id,
    arg_min(by_id, by_number) as first_id,
    arg_min(by_action, by_number) as first_action,
    list_sort(list(by_id)) as all_ids
  from covers
  group by all
)
select
  r.rule_id,
  case when r.layer = 'nacl' and c.first_action <> r.action then 'shadowed' else 'redundant' end as kind,
  case when r.layer = 'nacl' then [c.first_id] else c.all_ids end as covered_by,
  r.layer,
  r.owner_id,
  r.owner_name,
  r.direction,
  r.rule_number,
  r.action,
  r.protocol,
  r.from_port,
  r.to_port,
  r.peer,
  r.description
from covered c
join shaped r using (rule_id)
order by r.layer, r.owner_id, r.direction desc, r.rule_number, r.rule_id
