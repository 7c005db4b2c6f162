-- include doubt.sql
-- each of web, app and db has a rule that never stands alone
insert into rule_set_members (rule_set_id, rule_id, certain) values (8, 'sgr-web-https', true), (8, 'sgr-web-out', true), (9, 'sgr-db-mysql', true), (9, 'sgr-web-out', true);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 8, 1, 6, 443, ip('198.51.100.7'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-12-01'), 2, 3, 1, 6, 8080, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-12-01 09:00'), sec('2026-12-01 11:00')),
  (day_of('2026-11-01'), 3, 9, 1, 6, 3306, ip('10.0.2.20'), null, 4, 4, 4, 0, 40, 2400, 40, 2400, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
