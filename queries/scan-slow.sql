-- title: Slow scans over days
-- description: Sources that look like scanners, were rejected over a day or more, and never tried ten new ports or
--   targets within one hour - slow enough to stay below hourly thresholds.
-- group: probes
-- severity: medium
select
  address_text(src, src6) as source,
  most_ports as ports_of_one_target,
  targets,
  pairs,
  records,
  seconds_to_timestamp(first_s) as first_seen,
  seconds_to_timestamp(last_s) as last_seen,
  round((last_s - first_s) / 86400, 1) as days
from scan_sources(networks := false)
where scan_kind = 'slow'
order by pairs desc, source
