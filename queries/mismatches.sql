-- title: Mismatches: records that contradict the configuration
-- description: One row for each record whose action is not what the model predicts, with the cause where one is known.
--   nacl_rule_id is the network ACL entry that denies; where a group denies, or every layer allows, there is none.
-- group: mismatch
-- narrow: action cause srcaddr dstaddr dstport protocol start_time interface_id
-- severity: medium
-- param: limit integer 1000 Maximum number of rows
-- param: cause text - Only this cause
with picked as (
  select f.*
  from flow_facts f
  join judgements j using (judgement_id)
  where j.agreement in ('unexpected_accept', 'unexpected_reject')
    and ($cause is null or j.cause = $cause)
  order by f.start_s, f.object_id, f.line
  limit $limit
)
select
  o.source_object,
  p.line,
  i.interface_id,
  j.agreement,
  j.cause,
  seconds_to_timestamp(p.start_s) as start_time,
  j.direction,
  j.initiator,
  address_text(p.src, p.src6) as srcaddr,
  p.srcport,
  address_text(p.dst, p.dst6) as dstaddr,
  p.dstport,
  p.protocol,
  p.packets,
  p.bytes,
  j.action,
  j.verdict,
  j.decided_by,
  case when j.verdict = 'deny' and j.decided_by in ('nacl_in', 'nacl_out') then j.nacl_rule_id end as nacl_rule_id,
  j.sg_rule_ids
from picked p
join judgements j using (judgement_id)
join objects o using (object_id)
join interface_dim i using (interface_idx)
order by p.start_s, o.source_object, p.line
