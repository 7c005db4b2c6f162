insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 11:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 0, 0, 47, 9, 900, 256, 1),
  (1, 3, 1, sec('2026-11-01 11:10'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 0, 0, 47, 9, 900, 256, 1),
  (1, 4, 1, sec('2026-11-01 11:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 0, 0, 1, 9, 900, 256, 1),
  (1, 5, 1, sec('2026-11-01 11:00'), 10, ip('198.51.100.9'), ip('10.0.1.10'), 0, 0, 50, 1, 90, 256, 3);
