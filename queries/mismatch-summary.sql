-- title: Mismatches by cause
-- description: Mismatches by agreement, cause and the layer that decided, with an example record for each (none if
--   --no-flows or prune left no record). nacl_rule_id is the network ACL entry that denies; where a group denies, or every
--   layer allows, there is none.
-- group: mismatch
-- narrow: agreement cause records nacl_rule_id interfaces decided_by
-- severity: medium
with differing as (
  -- The entry that let a record pass has no part in the mismatch.
  select
    judgement_id,
    agreement,
    cause,
    decided_by,
    case when verdict = 'deny' and decided_by in ('nacl_in', 'nacl_out') then nacl_rule_id end as nacl_rule_id
  from judgements
  where agreement in ('unexpected_accept', 'unexpected_reject')
),
sums as (
  select
    j.agreement,
    j.cause,
    j.decided_by,
    j.nacl_rule_id,
    sum(a.records)::ubigint as records,
    sum(a.packets)::ubigint as packets,
    count(distinct a.interface_idx) as interfaces,
    min(a.first_s) as first_s,
    max(a.last_s) as last_s
  from activity a
  join differing j using (judgement_id)
  group by all
),
examples as (
  select
    j.agreement,
    j.cause,
    j.decided_by,
    j.nacl_rule_id,
    arg_min(f, (f.start_s, f.object_id, f.line)) as f
  from flow_facts f
  join differing j using (judgement_id)
  group by all
)
select
  s.agreement,
  s.cause,
  s.decided_by,
  s.nacl_rule_id,
  s.records,
  s.packets,
  s.interfaces,
  seconds_to_timestamp(s.first_s) as first_seen,
  seconds_to_timestamp(s.last_s) as last_seen,
  i.interface_id as example_interface,
  case when e.f.line is not null then concat(
    address_text(e.f.src, e.f.src6), ' -> ', address_text(e.f.dst, e.f.dst6), ' port ', e.f.dstport, ' protocol ', e.f.protocol
  ) end as example_flow,
  o.source_object as example_object,
  e.f.line as example_line
from sums s
left join examples e
  on s.agreement = e.agreement
  and s.cause is not distinct from e.cause
  and s.decided_by is not distinct from e.decided_by
  and s.nacl_rule_id is not distinct from e.nacl_rule_id
left join objects o on o.object_id = e.f.object_id
left join interface_dim i on i.interface_idx = e.f.interface_idx
order by s.records desc, s.agreement, s.cause, s.decided_by, s.nacl_rule_id
