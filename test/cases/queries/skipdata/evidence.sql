insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected) values
  (hour_of('2026-11-01 09:00'), 2, 2047 - 24, 0, 8, 10, 4), (hour_of('2026-11-01 09:00'), 2, 0, 0, 16, 0, 0), (hour_of('2026-11-01 09:00'), 1, 1, 0, 0, 10, 4);
