-- include scans.sql
-- fifty small accepted SSH sessions, and as many of real size
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 2, 1, 6, 22, ip('198.51.100.77'), null, 50, 50, 50, 0, 500, 60000, 500, 90000, sec('2026-11-01 09:00'), sec('2026-11-01 09:30')),
  (day_of('2026-11-01'), 1, 2, 1, 6, 22, ip('198.51.100.78'), null, 50, 50, 50, 0, 5000, 6000000, 5000, 9000000, sec('2026-11-01 09:00'), sec('2026-11-01 09:30'));
