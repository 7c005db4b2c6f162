insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 7, 2, 17, 53, ip('198.51.100.53'), null, 2, 2, 2, 0, 2, 160, 2, 400, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 1, 7, 2, 6, 853, ip('203.0.113.53'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 1, 7, 2, 17, 53, ip('10.0.2.53'), null, 2, 2, 2, 0, 2, 160, 2, 400, sec('2026-11-01 10:00'), sec('2026-11-01 11:00'));
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (2, 300, 3, sec('2026-11-01 11:00'), 0, ip('10.0.2.30'), ip('203.0.113.53'), 50000, 53, 17, 1, 80, 256, 9);
