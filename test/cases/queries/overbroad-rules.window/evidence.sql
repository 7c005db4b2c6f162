-- include doubt.sql
update rule_dim set from_port = 3000, to_port = 3999 where rule_id = 'sgr-db-mysql';
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 7, 2, 6, 443, ip('203.0.113.5'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-12-01'), 2, 4, 1, 6, 8010, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-12-01 09:00'), sec('2026-12-01 11:00')),
  (day_of('2026-11-01'), 3, 6, 1, 6, 3306, ip('10.0.2.20'), null, 4, 4, 4, 0, 40, 2400, 40, 2400, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
