-- What is not known of rules because the log has interfaces that no snapshot has.

-- placed: it has records in a modelled VPC, or none that tell where it was.
create view unknown_interfaces as
  with sums as (
    select
      interface_idx,
      coalesce(sum(records) filter (log_status = 'OK'), 0)::ubigint as records,
      min(first_s) as first_s,
      max(last_s) as last_s,
      coalesce(bool_or(snapshot is not null or coalesce(len(sg_possible_rule_ids), 0) > 0) filter (log_status = 'OK'), true) as placed
    from activity
    join judgements using (judgement_id)
    group by all
  ),
  skipped as (
    select interface_idx, sum(bit_count(skip & ~seen))::ubigint as minutes from coverage_hours group by all
  )
  select interface_idx, records, first_s, last_s, placed, coalesce(minutes, 0)::ubigint as skipdata_minutes
  from sums
  join interface_dim using (interface_idx)
  left join skipped using (interface_idx)
  where not coalesce(modelled, false);

-- Rules that records of unknown interfaces may have hit.
create view unknown_uses as
  select rule_id, count(*) as interfaces, sum(records)::ubigint as records, min(first_s) as first_s, max(last_s) as last_s
  from (select distinct rule_id, interface_idx from possible_traffic join possible_rules using (rule_set_id))
  join unknown_interfaces using (interface_idx)
  group by all;

-- "4 interfaces of 4,033 records are not in the model: add a snapshot of 2026-03-04". Null for no interface.
create macro unknown_text(interfaces, records, first_s, last_s) as case when interfaces > 0 then concat(
  interfaces,
  case when interfaces = 1 then ' interface of ' else ' interfaces of ' end,
  format('{:,}', records::bigint),
  case when interfaces = 1 then ' records is not in the model: add ' else ' records are not in the model: add ' end,
  case when first_s // 86400 = last_s // 86400
    then concat('a snapshot of ', strftime(seconds_to_timestamp(first_s), '%Y-%m-%d'))
    else concat('snapshots of ', strftime(seconds_to_timestamp(first_s), '%Y-%m-%d'), ' to ',
      strftime(seconds_to_timestamp(last_s), '%Y-%m-%d')) end
) end;

-- What would settle it, apart from a snapshot that has the interface.
create macro settled_otherwise(bits) as settled_by(bits - (bits & {interface_not_in_model}));

-- What they lost (SKIPDATA) may be a hit of any rule that may stand there. One row; null if they lost nothing.
create view hidden_by_unknown as
  select
    case when count(*) > 0 then concat('SKIPDATA in ', sum(skipdata_minutes), ' minutes at ', count(*),
      case when count(*) = 1 then ' interface that is' else ' interfaces that are' end, ' not in the model') end as hidden_text
  from unknown_interfaces
  where placed and skipdata_minutes > 0;
