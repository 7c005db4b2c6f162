-- title: Rules that nothing used
-- description: Rules without a hit, each with the worth of that finding - unused (the log is complete where the rule
--   stands), insufficient_evidence (gaps, SKIPDATA, or a log of one action only), unattached (on no interface),
--   unobservable (AWS does not log such traffic). The default denies of network ACLs are left out. coverage is the
--   share of the window's minutes with evidence at the rule's interfaces.
-- group: rules
-- severity: medium
-- param: min_days integer 30 A shorter window is mentioned in the reason
-- param: status text - Only this status
with hit as (
  select rule_id from rule_sets where rule_set_id in (select rule_set_id from rule_traffic)
  union
  select nacl_rule_id from judgements where nacl_rule_id is not null and judgement_id in (select judgement_id from activity)
),
evidence as (
  select i.interface_idx, c.* from coverage c join interface_dim i using (interface_id)
),
stands as (
  select
    r.rule_id,
    count(*) as interfaces,
    count_if(e.evidence = 'none') as silent,
    count_if(e.gaps > 0) as gapped,
    count_if(e.skipdata_minutes > 0) as skipped,
    sum(e.gap_minutes)::ubigint as gap_minutes,
    sum(e.skipdata_minutes)::ubigint as skipdata_minutes,
    sum(e.minutes_covered) / nullif(sum(e.minutes_expected), 0) as covered,
    min(e.first_evidence) as first_evidence,
    max(e.last_evidence) as last_evidence,
    any_value(e.log_type) as log_type
  from rule_interfaces r
  join evidence e using (interface_idx)
  group by all
),
whole as (
  select min(first_evidence) as first_evidence, max(last_evidence) as last_evidence from evidence
),
judged as (
  select
    r.*,
    s.* exclude (rule_id, first_evidence, last_evidence),
    coalesce(s.first_evidence, w.first_evidence) as first_evidence,
    coalesce(s.last_evidence, w.last_evidence) as last_evidence,
    case
      when s.interfaces is null then 'unattached'
      when r.unlogged then 'unobservable'
      when s.silent > 0 or s.gapped > 0 or s.skipped > 0 then 'insufficient_evidence'
      when r.action = 'allow' and s.log_type in ('reject_only', 'none') then 'insufficient_evidence'
      when r.action = 'deny' and s.log_type in ('accept_only', 'none') then 'insufficient_evidence'
      else 'unused'
    end as status
  from rules r
  left join stands s using (rule_id)
  cross join whole w
  where r.rule_id not in (from hit) and not (r.layer = 'nacl' and r.rule_id like '%/*')
)
select
  rule_id,
  status,
  concat_ws(
    '; ',
    case status
      when 'unattached' then case layer when 'sg' then 'its group is on no interface' else 'its subnets have no interface' end
      when 'unobservable' then 'AWS does not log this traffic (flow log limitations)'
      when 'unused' then concat('no hit at ', interfaces, case when interfaces = 1 then ' interface' else ' interfaces' end, ' with complete logs')
    end,
    case when status = 'insufficient_evidence' and silent > 0 then concat('no log evidence at ', silent, ' of ', interfaces, ' interfaces') end,
    case when status = 'insufficient_evidence' and gapped > 0
      then concat(gap_minutes, ' minutes missing at ', gapped, ' of ', interfaces, ' interfaces') end,
    case when status = 'insufficient_evidence' and skipped > 0
      then concat('SKIPDATA in ', skipdata_minutes, ' minutes at ', skipped, ' of ', interfaces, ' interfaces') end,
    case when status = 'insufficient_evidence' and log_type = 'reject_only' and action = 'allow'
      then 'the log holds rejected traffic only' end,
    case when status = 'insufficient_evidence' and log_type = 'accept_only' and action = 'deny'
      then 'the log holds accepted traffic only' end,
    case when valid_to is not null then concat('removed from the configuration at ', strftime(valid_to, '%Y-%m-%d %H:%M')) end,
    case when status in ('unused', 'insufficient_evidence') and last_evidence - first_evidence < to_days($min_days::integer)
      then concat('the window is shorter than ', $min_days, ' days') end
  ) as reason,
  concat(strftime(first_evidence, '%Y-%m-%dT%H:%MZ'), '/', strftime(last_evidence, '%Y-%m-%dT%H:%MZ')) as "window",
  round(covered, 4) as coverage,
  layer,
  owner_id,
  owner_name,
  direction,
  action,
  protocol,
  from_port,
  to_port,
  peer,
  description,
  attached_interfaces,
  open_to_world
from judged
where $status is null or status = $status
order by
  layer desc,
  list_position(['unused', 'insufficient_evidence', 'unattached', 'unobservable'], status),
  owner_id, direction desc, rule_number, rule_id
