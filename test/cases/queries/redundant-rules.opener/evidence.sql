-- sgr-app-wide covers sgr-app-http whichever end opened, and sgr-web-out never stands beside another rule where it may have
-- admitted an exchange of an unknown opener
insert into rule_set_members (rule_set_id, rule_id, certain, credited, because) values
  (8, 'sgr-app-http', false, true, 64), (8, 'sgr-app-wide', false, true, 64), (9, 'sgr-web-out', false, false, 64),
  (10, 'sgr-web-out', true, true, 0), (10, 'sgr-app-syslog', true, true, 0);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 2, 8, 1, 6, 8080, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 4, 1, 6, 8010, ip('10.0.1.10'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 9, 2, 6, 8080, ip('10.0.1.10'), null, 1, 1, 1, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 10, 2, 6, 443, ip('10.0.1.10'), null, 3, 3, 3, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
