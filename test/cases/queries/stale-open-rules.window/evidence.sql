-- include doubt.sql
update rule_dim set open_to_world = true where rule_id in ('sgr-app-wide', 'sgr-db-mysql', 'sgr-app-http');
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('192.0.2.10'), null, 3, 3, 3, 0, 30, 3000, 30, 9000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (day_of('2026-12-01'), 2, 4, 1, 6, 8010, ip('192.0.2.10'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-12-01 09:00'), sec('2026-12-01 11:00')),
  (day_of('2026-11-01'), 3, 6, 1, 6, 3306, ip('192.0.2.20'), null, 4, 4, 4, 0, 40, 4000, 40, 4000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
