-- an interface is expected in the log from when it was attached until the configuration loses it
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 59, ip('10.0.2.20'), ip('10.0.1.10'), 50000, 443, 6, 1, 44, 2, 1);
-- there all the time
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 1, 1152921504606846975, 0, 0, 50, 0 from range(3) t(r);
-- attached at the minute of its first record; lost at that of its last
update interface_dim set known_from = '2026-11-01 10:00:30', known_until = '2026-11-01 11:00' where interface_idx = 2;
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected) values
  (hour_of('2026-11-01 10:00'), 2, 1152921504606846975, 0, 0, 50, 0);
-- attached half an hour before its first record, lost half an hour after its last
update interface_dim set known_from = '2026-11-01 09:30', known_until = '2026-11-01 11:30' where interface_idx = 3;
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected) values
  (hour_of('2026-11-01 10:00'), 3, 1152921504606846975, 0, 0, 50, 0);
-- records from before it was attached (again) and after it was lost: it was there
update interface_dim set known_from = '2026-11-01 11:00', known_until = '2026-11-01 09:30' where interface_idx = 4;
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected) values
  (hour_of('2026-11-01 10:00'), 4, 1152921504606846975, 0, 0, 50, 0);
-- nothing is known of when it was there: a hole at the start of the log is a hole
insert into interface_dim (interface_idx, interface_id, modelled) values (5, 'eni-late', true);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 10:00') + r, 5, 1152921504606846975, 0, 0, 50, 0 from range(2) t(r);
-- attached when the log was over
insert into interface_dim (interface_idx, interface_id, modelled, known_from) values (6, 'eni-new', true, '2026-11-02 00:00');
