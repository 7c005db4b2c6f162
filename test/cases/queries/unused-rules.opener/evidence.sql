-- The log is complete. Nothing tells which end opened one exchange: sgr-app-http may have admitted it, or sgr-web-out. Another
-- counts for sgr-app-syslog, although sgr-db-mysql may have admitted it.
insert into rule_set_members (rule_set_id, rule_id, certain, credited, because) values
  (8, 'sgr-app-http', false, false, 64), (9, 'sgr-web-out', false, false, 65),
  (10, 'sgr-app-syslog', false, true, 64), (11, 'sgr-db-mysql', false, false, 64);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 2, 8, 1, 6, 8080, ip('10.0.1.10'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 1, 9, 2, 6, 8080, ip('10.0.2.20'), null, 2, 2, 2, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 2, 10, 1, 17, 514, ip('10.0.1.10'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 3, 11, 1, 6, 3306, ip('10.0.2.20'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r), range(1, 5) u(i);
