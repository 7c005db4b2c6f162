insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 2, 1, 6, 3389, ip('198.51.100.1'), null, 2, 2, 0, 2, 2, 88, 2, 80, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-02'), 1, 2, 1, 6, 3389, ip('198.51.100.1'), null, 1, 1, 1, 0, 2, 88, 2, 80, sec('2026-11-02 09:00'), sec('2026-11-02 09:01')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.1'), null, 2, 2, 2, 0, 2, 88, 2, 80, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 3, 6, 1, 6, 3306, ip('10.0.2.20'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00'));
