-- five hours in both directions of one connection; the same ports used twice with a long pause; too short
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 10 + r, 3, sec('2026-11-01 09:00') + r * 60, 59, ip('10.0.2.30'), ip('203.0.113.88'), 45000, 443, 6, 6, 900, 0, 12 from range(300) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 400 + r, 3, sec('2026-11-01 09:00') + r * 60, 59, ip('203.0.113.88'), ip('10.0.2.30'), 443, 45000, 6, 6, 900, 0, 1 from range(300) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 800 + r, 3, sec('2026-11-01 09:00') + r * 18000, 59, ip('10.0.2.30'), ip('203.0.113.89'), 45000, 443, 6, 6, 900, 0, 12 from range(2) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 900 + r, 3, sec('2026-11-01 09:00') + r * 60, 59, ip('10.0.2.30'), ip('203.0.113.90'), 45000, 443, 6, 6, 900, 0, 12 from range(30) t(r);
