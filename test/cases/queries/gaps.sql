-- sixty-second records: one missing minute is normal, two are a gap, also at the ends of the window and between hours
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 59, ip('10.0.2.20'), ip('10.0.1.10'), 50000, 443, 6, 1, 44, 2, 1);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 1, 1152921504606846975, 0, 0, 50, 0 from range(3) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 2, 1152921504606846975 - 2, 0, 0, 50, 0 from range(3) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 3, case r when 0 then 1152921504606846975 - 6 else 1152921504606846975 end, 0, 0, 50, 0 from range(0, 3, 2) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 4, 1152921504606846975 - 3, 0, 0, 50, 0 from range(2) t(r);
-- ten-minute records at app's neighbour: nineteen missing minutes are normal there
insert into interface_dim (interface_idx, interface_id, modelled) values (5, 'eni-slow', true);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 3, 5, sec('2026-11-01 09:00'), 595, ip('10.0.2.20'), ip('10.0.1.10'), 50000, 443, 6, 1, 44, 2, 1);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 5, 1 + (1::ubigint << 20) + (1::ubigint << 40) + (1::ubigint << 59), 0, 0, 50, 0 from range(3) t(r);
