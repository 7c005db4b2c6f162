-- For which interface and time there is log evidence.

-- Minutes with evidence per interface and hour: partial rows merged. NODATA is evidence (of silence), SKIPDATA is not.
create view coverage_hours as
  select
    hour,
    interface_idx,
    bit_or(ok_minutes | nodata_minutes) as seen,
    bit_or(nodata_minutes) as nodata,
    bit_or(skip_minutes) as skip,
    sum(accepted)::ubigint as accepted,
    sum(rejected)::ubigint as rejected
  from coverage_minutes
  group by all;

-- Stretches of minutes with a record of any kind; a full hour is one stretch. Minutes are Unix seconds / 60.
create view coverage_stretches as
  select interface_idx, hour::bigint * 60 as from_minute, hour::bigint * 60 + 59 as to_minute
  from coverage_hours
  where (seen | skip) = 1152921504606846975
  union all
  select interface_idx, hour::bigint * 60 + minute, hour::bigint * 60 + minute
  from coverage_hours, (select unnest(range(60)) as minute)
  where (seen | skip) <> 1152921504606846975 and ((seen | skip) >> minute::ubigint) & 1 = 1;

-- The longest record of an interface shows its aggregation interval.
create view longest_records as
  select interface_idx, max(longest) as longest
  from (
    select interface_idx, max(duration)::ubigint as longest from flow_facts group by all
    union all
    from pruned_intervals)
  group by all;

-- The minutes of the log in which an interface was there: the whole log, unless it was attached later or the configuration
-- lost it earlier. A record of its own shows that it was there all the same.
create view interface_lives as
  with own as (
    select interface_idx, min(from_minute) as first_minute, max(to_minute) as last_minute from coverage_stretches group by all
  ),
  log as (
    select min(first_minute) as first_minute, max(last_minute) as last_minute from own
  )
  select
    i.interface_idx,
    greatest(l.first_minute, least(coalesce(epoch(i.known_from)::bigint // 60, l.first_minute), o.first_minute))
      as first_minute,
    least(l.last_minute, greatest(coalesce((epoch(i.known_until)::bigint - 1) // 60, l.last_minute), o.last_minute)) as last_minute
  from interface_dim i
  cross join log l
  left join own o using (interface_idx);

-- Stretches without evidence that no aggregation interval explains. A flow may sit at the start of one interval and the
-- next at the end of the following one, so only a run of two intervals or more is surely missing. The interval is 600 s
-- where a record of the interface lasts longer than 90 s, else 60 s. Judged over the part of the log's window in which the
-- interface was there, from its first minute to its last.
create view coverage_gaps as
  with intervals as materialized (from longest_records),
  steps as (
    select
      s.interface_idx,
      coalesce(lag(s.to_minute) over (partition by s.interface_idx order by s.from_minute) + 1, l.first_minute)
        as from_minute,
      s.from_minute as to_minute
    from coverage_stretches s
    join interface_lives l using (interface_idx)
    union all
    select s.interface_idx, max(s.to_minute) + 1, any_value(l.last_minute) + 1
    from coverage_stretches s
    join interface_lives l using (interface_idx)
    group by all
  )
  select s.interface_idx, s.from_minute, s.to_minute, (s.to_minute - s.from_minute)::ubigint as minutes
  from steps s
  left join intervals i using (interface_idx)
  where s.to_minute - s.from_minute
    >= case when coalesce(i.longest, (select max(longest) from intervals), 60) > 90 then 20 else 2 end;

-- How completely the log shows what happened at an interface. log_type is about the log as a whole: a flow log of accepted
-- traffic alone shows no probes, one of rejected traffic alone proves no use.
create view coverage as
  with hours as (
    select
      interface_idx,
      sum(bit_count(seen))::ubigint as covered,
      sum(bit_count(nodata))::ubigint as nodata,
      sum(bit_count(skip))::ubigint as skipped,
      sum(accepted)::ubigint as accepted,
      sum(rejected)::ubigint as rejected
    from coverage_hours
    group by all
  ),
  spans as (
    select interface_idx, min(from_minute) as first_minute, max(to_minute) + 1 as end_minute from coverage_stretches group by all
  ),
  whole as (
    select
      (select sum(accepted) from hours) as accepted,
      (select sum(rejected) from hours) as rejected
  ),
  gaps as (
    select interface_idx, count(*) as gaps, sum(minutes)::ubigint as gap_minutes from coverage_gaps group by all
  )
  select
    i.interface_id,
    i.name,
    case
      when h.covered is null or h.covered = 0 then 'none'
      when h.skipped > 0 or g.gaps > 0 then 'gaps'
      else 'complete'
    end as evidence,
    case when h.covered > 0 then seconds_to_timestamp(s.first_minute * 60) end as first_evidence,
    case when h.covered > 0 then seconds_to_timestamp(s.end_minute * 60) end as last_evidence,
    coalesce(h.covered, 0)::ubigint as minutes_covered,
    greatest(coalesce(l.last_minute - l.first_minute + 1, 0), 0)::ubigint as minutes_expected,
    coalesce(g.gaps, 0) as gaps,
    coalesce(g.gap_minutes, 0)::ubigint as gap_minutes,
    coalesce(h.skipped, 0)::ubigint as skipdata_minutes,
    coalesce(h.nodata, 0)::ubigint as nodata_minutes,
    coalesce(h.accepted, 0)::ubigint as accepted,
    coalesce(h.rejected, 0)::ubigint as rejected,
    case
      when coalesce(w.accepted, 0) > 0 and coalesce(w.rejected, 0) > 0 then 'all'
      when coalesce(w.accepted, 0) > 0 then 'accept_only'
      when coalesce(w.rejected, 0) > 0 then 'reject_only'
      else 'none'
    end as log_type,
    i.modelled,
    (select max(before) from prunes) as flows_since
  from interface_dim i
  cross join whole w
  left join interface_lives l using (interface_idx)
  left join hours h using (interface_idx)
  left join spans s using (interface_idx)
  left join gaps g using (interface_idx)
  where i.interface_id <> '-';
