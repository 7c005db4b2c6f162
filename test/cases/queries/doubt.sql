-- a log of 31 days, complete at every interface; app came with the last day; at db the model does not explain three records
update interface_dim set known_from = '2026-12-01 09:00' where interface_idx = 2;
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, 50, 50
  from range(744) t(r), range(1, 5) u(i) where i <> 2 or r >= 720;
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 10:00'), 3, 7, 3, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10'));
