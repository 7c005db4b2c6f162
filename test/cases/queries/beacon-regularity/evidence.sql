-- every five minutes, give or take three seconds; another peer at random; the long connection repeats its ports
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 10 + r, 3, sec('2026-11-01 09:00') + r * 300 + r % 3, 2, ip('10.0.2.30'), ip('203.0.113.66'), 40000 + r, 443, 6, 6, 900, 3, 12 from range(20) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 40 + r, 3, sec('2026-11-01 09:00') + (hash(r) % 9000)::integer, 2, ip('10.0.2.30'), ip('203.0.113.77'), 40000 + r, 443, 6, 6, 900, 3, 12 from range(20) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 70 + r, 3, sec('2026-11-01 09:00') + r * 60, 59, ip('10.0.2.30'), ip('203.0.113.88'), 45000, 443, 6, 6, 900, 0, 12 from range(20) t(r);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s)
  select day_of('2026-11-01'), 3, 7, 2, 6, 443, dst, null, count(distinct srcport), 1, 1, 0, 1, 1, 1, 1, min(start_s), max(start_s) from flow_rows group by dst;
