-- http and wide share port 8080: http never stands alone; both wide and a third rule are needed for the pair below
insert into rule_set_members (rule_set_id, rule_id) values (8, 'sgr-app-syslog'), (8, 'sgr-db-mysql'), (9, 'sgr-app-syslog'), (9, 'sgr-web-out');
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 2, 3, 1, 6, 8080, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-02'), 2, 3, 1, 6, 8080, ip('10.0.1.10'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-02 09:00'), sec('2026-11-02 11:00')),
  (day_of('2026-11-01'), 2, 4, 1, 6, 8010, ip('10.0.1.10'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 8, 1, 17, 514, ip('10.0.1.10'), null, 1, 1, 1, 0, 2, 200, 2, 200, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 9, 1, 17, 514, ip('10.0.1.10'), null, 1, 1, 1, 0, 2, 200, 2, 200, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
