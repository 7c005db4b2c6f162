-- a log of accepted traffic can show that allows are unused, never that denies are
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 1 + r % 4, 1152921504606846975, 0, 0, 50, 0 from range(4) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r % 4, 1 + r // 4, 1152921504606846975, 0, 0, 50, 0 from range(16) t(r);
