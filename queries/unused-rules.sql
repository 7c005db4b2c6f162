-- title: Unused rules
-- description: Rules without a hit, each with the status of its evidence - unused (the log is complete where the rule
--   applies), short_window (the same, but for less than min_days), insufficient_evidence (gaps, SKIPDATA, a log of one
--   action only, accepted records that the model does not explain, or a rule whose match records cannot prove), unattached
--   (on no interface), unobservable (AWS does not log such traffic). The default denies of network ACLs are left out.
--   coverage is the share of the minutes of the window with evidence at the interfaces of the rule; interface_hours are
--   the hours with evidence at all of them together. If a history of the configuration shows the rule only later, the
--   window begins with the rule - known_since is its first snapshot, removed_at the end of its last one.
-- group: rules
-- severity: medium
-- param: min_days integer 30 Days that the window of a rule must have for more than short_window
-- param: status text - Only this status
with hit as (
  select rule_id from rule_sets where rule_set_id in (select rule_set_id from rule_traffic)
  union
  select nacl_rule_id from judgements where nacl_rule_id is not null and judgement_id in (select judgement_id from activity)
),
-- Connections that a rule may have admitted and is not credited with, or not for certain.
possible as (
  select rule_id, bit_or(because) as because, sum(connections)::ubigint as connections
  from possible_traffic
  join possible_rules using (rule_set_id)
  group by all
),
unhit as (
  select
    r.*,
    e.* exclude (rule_id),
    p.because,
    p.connections as possible_connections,
    -- If there was no ICMP packet, no ICMP rule was used, whatever its type.
    case when r.layer = 'sg' and r.undecidable_by = 'icmp_type_unknown' and e.pinged = 0 then null else r.undecidable_by end
      as doubt
  from rules r
  join rule_evidence e using (rule_id)
  left join possible p using (rule_id)
  where r.rule_id not in (from hit) and not (r.layer = 'nacl' and r.rule_id like '%/*')
),
judged as (
  select
    *,
    case
      when because is not null then 'insufficient_evidence'
      when not coalesce(unlogged, false) and unknown_text is not null then 'insufficient_evidence'
      when interfaces is null then 'unattached'
      when unlogged then 'unobservable'
      when silent > 0 or gapped > 0 or skipped > 0 then 'insufficient_evidence'
      when action = 'allow' and log_type in ('reject_only', 'none') then 'insufficient_evidence'
      when action = 'deny' and log_type in ('accept_only', 'none') then 'insufficient_evidence'
      when action = 'allow' and refusing > 0 then 'insufficient_evidence'
      when doubt is not null then 'insufficient_evidence'
      when unexplained > 0 then 'insufficient_evidence'
      when window_from >= window_to then 'insufficient_evidence'
      when is_short(window_from, window_to, $min_days) then 'short_window'
      else 'unused'
    end as status
  from unhit
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
      when 'short_window' then concat('not hit in ', window_length(window_from, window_to), ' at ', interfaces,
        case when interfaces = 1 then ' interface' else ' interfaces' end, ' with complete logs')
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
    case when status = 'insufficient_evidence' and action = 'allow' and log_type not in ('reject_only', 'none') and refusing > 0
      then concat('only rejected traffic in the log of ', refusing, ' of ', interfaces, ' interfaces') end,
    case when because is not null then
      concat('may have admitted ', possible_connections, case when possible_connections = 1 then ' connection (' else ' connections (' end,
        array_to_string(possible_causes(because), ', '), ')') end,
    case when status = 'insufficient_evidence' then unknown_text end,
    case when len(settled_otherwise(because)) > 0
      then concat('this would settle it: ', array_to_string(settled_otherwise(because), '; ')) end,
    case when status = 'insufficient_evidence' and because is null then
      case doubt
        when 'icmp_type_unknown' then 'records carry no ICMP type'
        when 'unresolved_reference' then 'the model does not resolve its peer'
        when 'nlb_client_ip' then 'its peer is behind a Network Load Balancer, which may keep client addresses'
      end
    end,
    case when status = 'insufficient_evidence' then unexplained_text end,
    case when status = 'insufficient_evidence' and window_from >= window_to then 'no evidence of the time it stood' end,
    case when added_at is not null then concat('in the configuration since ', strftime(added_at, '%Y-%m-%d %H:%M')) end,
    case when valid_to is not null then concat('removed from the configuration at ', strftime(valid_to, '%Y-%m-%d %H:%M')) end,
    case when status in ('short_window', 'insufficient_evidence') then short_text(window_from, window_to, $min_days) end
  ) as reason,
  window_text(window_from, window_to) as "window",
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
  open_to_world,
  round(interface_hours, 2) as interface_hours,
  known_since,
  valid_to as removed_at
from judged
where $status is null or status = $status
order by
  layer desc,
  list_position(['unused', 'short_window', 'insufficient_evidence', 'unattached', 'unobservable'], status),
  owner_id, direction desc, rule_number, rule_id
