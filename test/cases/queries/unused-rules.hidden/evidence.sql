-- The logs of all modelled interfaces are complete. One that no snapshot has lost records, so any rule may have been hit there.
-- Another is known to be of another network: what it lost does not matter.
insert into interface_dim (interface_idx, interface_id) values (20, 'eni-gone'), (21, 'eni-elsewhere');
insert into judgements (judgement_id, action, log_status, verdict, agreement) values (20, 'ACCEPT', 'OK', 'undecided', 'unmodelled');
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 20, 11, 1, 0, 0, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (hour_of('2026-11-01 09:00'), 21, 11, 1, 0, 0, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (hour_of('2026-11-01 09:00'), 21, 20, 9, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r), range(1, 5) u(i);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected) values
  (hour_of('2026-11-01 09:00'), 20, 0, 0, 3, 0, 0), (hour_of('2026-11-01 09:00'), 21, 0, 0, 7, 0, 0);
