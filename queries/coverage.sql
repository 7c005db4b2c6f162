-- title: Coverage gaps
-- description: How much of the window the log covers at each interface - gaps, SKIPDATA, NODATA, and whether both
--   accepted and rejected traffic was logged. Incomplete interfaces come first. flows_since is null unless records
--   before that time were pruned; minutes and counts include them, reports on single records do not.
-- group: health
select
  interface_id,
  evidence,
  minutes_covered,
  minutes_expected,
  gap_minutes,
  skipdata_minutes,
  nodata_minutes,
  gaps,
  first_evidence,
  last_evidence,
  accepted,
  rejected,
  log_type,
  modelled,
  name,
  flows_since
from coverage
order by evidence = 'complete', evidence, gap_minutes + skipdata_minutes desc, interface_id
