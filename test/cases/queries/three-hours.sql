insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 40000, 443, 6, 9, 900, 3, 1),
  (1, 3, 1, sec('2026-11-01 09:59'), 10, ip('10.0.1.10'), ip('198.51.100.7'), 443, 40000, 6, 9, 2900, 19, 2),
  (1, 4, 1, sec('2026-11-01 10:00'), 10, ip('198.51.100.8'), ip('10.0.1.10'), 40000, 22, 6, 1, 44, 2, 3),
  (1, 5, 2, sec('2026-11-01 10:01'), 10, ip('10.0.1.10'), ip('10.0.2.20'), 40000, 8080, 6, 1, 44, 2, 8),
  (1, 6, 1, sec('2026-11-01 12:00'), 0, ip('198.51.100.7'), ip('10.0.1.10'), 443, 41000, 6, 1, 40, 4, 6);
insert into flow_rows_wide (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id, src6, dst6, pkt_src, pkt_dst, pkt_src6, pkt_dst6) values
  (2, 3, 1, sec('2026-11-01 12:06'), 0, null, null, 50001, 8080, 6, 1, 60, 2, 7,
   42540766411282592856903984951653826561::uhugeint, 42540766411282592856903984951653826562::uhugeint, null, null, null, null);
