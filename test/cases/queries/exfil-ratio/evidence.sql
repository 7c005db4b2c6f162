insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 3, 7, 2, 6, 443, ip('203.0.113.9'), null, 2, 2, 2, 0, 20000, 90000000, 9000, 400000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.7'), null, 2, 2, 2, 0, 200, 20000, 9000, 40000000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.8'), null, 2, 2, 2, 0, 200, 20000000, 9000, 40000000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 7, 2, 6, 443, ip('10.0.2.30'), null, 2, 2, 2, 0, 200, 90000000, 90, 4000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00'));
