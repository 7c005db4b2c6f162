insert into objects (object_id, source_object, bad_lines) values (3, 'three.log', 50), (4, 'four.log', 0);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1 + r % 3, 10 + r, 1, sec('2026-11-01 09:00') + r, 0, ip('198.51.100.1'), ip('10.0.1.10'), 50000, 443, 6, 1, 44, 2, 1 from range(300) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 4, 10 + r, 1, sec('2026-11-01 09:00') + r, 0, ip('198.51.100.1'), ip('10.0.1.10'), 50000, 443, 6, 1, 44, 256, 1 from range(50) t(r);
