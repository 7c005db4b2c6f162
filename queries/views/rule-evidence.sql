-- How far the log can speak of each rule: at which of its interfaces there is evidence, for which time, and what is missing.
-- Every report that says what a rule was not used for, or not needed for, reads this.

-- A window shorter than this many days proves no absence: what comes once a month was not due.
create macro is_short(first_time, last_time, min_days) as
  greatest(coalesce(epoch(last_time) - epoch(first_time), 0), 0) < min_days * 86400;

-- `13 minutes`, `30 hours`, `12 days`.
create macro length_text(seconds) as case
  when seconds < 7200 then concat(seconds // 60, case when seconds // 60 = 1 then ' minute' else ' minutes' end)
  when seconds < 172800 then concat(seconds // 3600, ' hours')
  else concat(seconds // 86400, ' days')
end;

create macro window_length(first_time, last_time) as length_text(greatest(epoch(last_time) - epoch(first_time), 0)::bigint);

-- The window as reports show it; null if nothing is known of its ends.
create macro window_text(first_time, last_time) as
  strftime(first_time, '%Y-%m-%dT%H:%MZ') || '/' || strftime(last_time, '%Y-%m-%dT%H:%MZ');

-- `the window of 13 minutes is shorter than 30 days`; null for a window that is long enough.
create macro short_text(first_time, last_time, min_days) as
  case when is_short(first_time, last_time, min_days)
    then concat('the window of ', window_length(first_time, last_time), ' is shorter than ', min_days,
      case when min_days = 1 then ' day' else ' days' end) end;

-- What can be said of a rule: that it is `word`, or why not.
create macro status_of(word, missing, first_time, last_time, min_days) as case
  when missing is not null then 'insufficient_evidence'
  when is_short(first_time, last_time, min_days) then 'short_window'
  else word
end;

-- A row for each rule. The counts are those of the interfaces that it stands on (null: on none); window_from and window_to
-- bound the time for which the log shows what it did: from the first evidence at one of its interfaces to the last, no longer
-- than the configuration has it. missing says why the log cannot tell all that a rule admitted; null if it can.
create view rule_evidence as
  with evidence as materialized (
    select i.interface_idx, c.* from coverage c join interface_dim i using (interface_id)
  ),
  -- What AWS accepted and no rule of the model explains: some rule, here or not, did admit it.
  unexplained as (
    select interface_idx, sum(records)::ubigint as records
    from activity
    join judgements using (judgement_id)
    where agreement = 'unexpected_accept' and cause = 'no_explanation'
    group by all
  ),
  pinged as (
    select distinct interface_idx from rule_traffic where protocol in (1, 58)
  ),
  -- Summed by owner, since the rules of one group apply to the same interfaces (nearly always): rules times interfaces would
  -- be a hundred times as many rows.
  owned as materialized (
    select rule_id, list(distinct owner_id order by owner_id) as owners from rule_dim group by all
  ),
  attached as (
    select distinct o.owners, i.interface_idx
    from (select owners, unnest(owners) as owner_id from (select distinct owners from owned)) o
    join (select interface_idx, unnest(owner_ids) as owner_id from interface_dim) i using (owner_id)
  ),
  stands as (
    select
      a.owners,
      count(*) as interfaces,
      count_if(e.evidence <> 'complete') as incomplete,
      count_if(e.evidence = 'none') as silent,
      count_if(e.gaps > 0) as gapped,
      count_if(e.skipdata_minutes > 0) as skipped,
      count_if(e.accepted = 0 and e.rejected > 0) as refusing,
      sum(e.minutes_covered) / 60 as interface_hours,
      sum(e.gap_minutes)::ubigint as gap_minutes,
      sum(e.skipdata_minutes)::ubigint as skipdata_minutes,
      sum(e.minutes_covered) / nullif(sum(e.minutes_expected), 0) as covered,
      min(e.first_evidence) as first_evidence,
      max(e.last_evidence) as last_evidence,
      any_value(e.log_type) as log_type,
      count(p.interface_idx) as pinged,
      sum(u.records)::ubigint as unexplained,
      count(u.records) as unexplaining,
      min(e.interface_id) filter (u.records is not null) as unexplained_at
    from attached a
    join evidence e using (interface_idx)
    left join unexplained u using (interface_idx)
    left join pinged p using (interface_idx)
    group by all
  ),
  -- A rule of the first snapshot may be older than the history.
  ages as (
    select
      rule_id,
      min(valid_from) as known_since,
      case when min(valid_from) > (select min(valid_from) from rule_dim) then min(valid_from) end as added_at
    from rule_dim
    group by all
  ),
  whole as (
    select min(first_evidence) as first_evidence, max(last_evidence) as last_evidence from evidence
  ),
  described as (
    select
      o.rule_id,
      s.* exclude (owners, first_evidence, last_evidence, unexplaining, unexplained_at),
      a.known_since,
      a.added_at,
      greatest(coalesce(s.first_evidence, w.first_evidence), a.added_at) as window_from,
      least(coalesce(s.last_evidence, w.last_evidence), r.valid_to) as window_to,
      case when s.unexplained > 0 then concat(
        s.unexplained, case when s.unexplained = 1 then ' accepted record at ' else ' accepted records at ' end, s.unexplained_at,
        case when s.unexplaining > 1 then concat(' and ', s.unexplaining - 1, ' more') end,
        case when s.unexplained = 1 then ' has' else ' have' end,
        ' no explanation in the model: a model that cannot explain what AWS let pass is no ground for removal') end
        as unexplained_text,
      nullif(concat_ws('; ', unknown_text(u.interfaces, u.records, u.first_s, u.last_s), h.hidden_text), '') as unknown_text
    from owned o
    join rules r using (rule_id)
    left join stands s using (owners)
    left join ages a using (rule_id)
    left join unknown_uses u using (rule_id)
    cross join whole w
    cross join hidden_by_unknown h
  )
  select
    *,
    nullif(concat_ws('; ',
      case when incomplete > 0 then concat('logs are incomplete at ', incomplete, ' of ', interfaces,
        case when interfaces = 1 then ' interface' else ' interfaces' end) end,
      case when log_type in ('reject_only', 'none') and incomplete = 0 then 'the log has no accepted traffic' end,
      unknown_text,
      unexplained_text), '') as missing
  from described;
