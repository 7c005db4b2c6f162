-- a hundred ports, two used, a third only knocked at by a lateral scan; https is used by enough peers
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 2, 4, 1, 6, 8010, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 3, 1, 6, 8080, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 4, 1, 6, 8050, ip('10.0.2.30'), null, 1, 1, 0, 1, 1, 44, 1, 40, sec('2026-11-01 09:00'), sec('2026-11-01 09:00'));
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s)
  select day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.0') + r * 300, null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01') from range(12) t(r);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 7, 2, 6, 443, ip('203.0.113.5'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 1, 7, 2, 1, 0, ip('203.0.113.5'), null, 1, 1, 1, 0, 1, 84, 1, 84, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 130 + r, 1 + r % 4, sec('2026-11-01 10:00') + r, 0, ip('10.0.2.30'), ip('10.0.1.10'), 50000, [22, 445, 3389][1 + r // 4], 6, 1, 44, 2, 3 from range(12) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 1, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 2, 1152921504606846975 - 16, 0, 16, 50, 50 from range(48) t(r);
