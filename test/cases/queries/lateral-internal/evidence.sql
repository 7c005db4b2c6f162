insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 130 + r, 1 + r % 4, sec('2026-11-01 10:00') + r, 0, ip('10.0.2.20'), ip('10.0.1.10'), 50000, [22, 445, 3389][1 + r // 4], 6, 1, 44, 2, 3 from range(12) t(r);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 3, 6, 1, 6, 3306, ip('10.0.2.20'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 3, 6, 1, 6, 3306, ip('10.0.2.99'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00'));
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s)
  select day_of('2026-11-01'), 1 + r, 6, 1, 6, 22, ip('10.0.9.9'), null, 1, 1, 1, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00') from range(3) t(r);
