-- title: SKIPDATA: minutes in which AWS lost records
-- description: SKIPDATA by interface and hour. What happened in those minutes is unknown, not absent.
-- group: health
-- severity: low
select
  i.interface_id,
  seconds_to_timestamp(h.hour::bigint * 3600) as hour,
  bit_count(h.skip) as skipdata_minutes,
  bit_count(h.seen) as minutes_covered,
  h.accepted,
  h.rejected,
  i.name
from coverage_hours h
join interface_dim i using (interface_idx)
where h.skip <> 0
order by h.hour, i.interface_id
