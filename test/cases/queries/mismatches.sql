insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 40000, 443, 6, 9, 900, 3, 1),
  (1, 3, 1, sec('2026-11-01 09:05'), 0, ip('198.51.100.7'), ip('10.0.1.10'), 443, 41000, 6, 1, 40, 4, 6),
  (2, 2, 1, sec('2026-11-01 09:02'), 5, ip('203.0.113.9'), ip('10.0.1.10'), 50000, 8080, 6, 2, 80, 256, 7);
insert into flow_rows_wide (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id, src6, dst6, pkt_src, pkt_dst, pkt_src6, pkt_dst6) values
  (2, 3, 1, sec('2026-11-01 09:06'), 0, null, null, 50001, 8080, 6, 1, 60, 2, 7,
   42540766411282592856903984951653826561::uhugeint, 42540766411282592856903984951653826562::uhugeint, null, null, null, null);
insert into activity
  select (start_s // 3600)::uinteger, interface_idx, judgement_id, count(*), sum(packets), sum(bytes), min(start_s), max(start_s + duration)
  from flow_facts group by all;
