-- web is complete, app has SKIPDATA, db a gap of three minutes, spare no evidence at all
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 1, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 2, 1152921504606846975 - 16, 0, 16, 50, 50 from range(48) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 3, case when r = 5 then 1152921504606846975 - 7 else 1152921504606846975 end, 0, 0, 50, 50 from range(48) t(r);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.7'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 1, 1, 1, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
