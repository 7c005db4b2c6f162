-- title: Gaps in the log
-- description: Missing stretches of time by interface that no aggregation interval explains - late or lost log objects,
--   or a flow log that was switched off.
-- group: health
-- severity: low
select
  i.interface_id,
  seconds_to_timestamp(g.from_minute * 60) as from_time,
  seconds_to_timestamp(g.to_minute * 60) as to_time,
  g.minutes,
  i.name
from coverage_gaps g
join interface_dim i using (interface_idx)
order by g.from_minute, i.interface_id
