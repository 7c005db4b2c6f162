insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.7'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-02'), 1, 1, 1, 6, 443, ip('198.51.100.7'), null, 1, 1, 1, 0, 10, 1000, 10, 1000, sec('2026-11-02 10:00'), sec('2026-11-02 11:00')),
  (day_of('2026-11-02'), 1, 7, 2, 17, 53, null, 42540766411282592856903984951653826561::uhugeint, 1, 1, 1, 0, 1, 80, 1, 200, sec('2026-11-02 12:00'), sec('2026-11-02 12:00'));
