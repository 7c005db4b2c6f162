-- Sunday noon, Monday 09:00 and 19:00 in Berlin (UTC+1), and https at night
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 11:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 40000, 22, 6, 9, 900, 3, 1),
  (1, 3, 1, sec('2026-11-02 08:00'), 10, ip('198.51.100.8'), ip('10.0.1.10'), 40000, 22, 6, 9, 900, 3, 1),
  (1, 4, 1, sec('2026-11-02 18:00'), 10, ip('198.51.100.9'), ip('10.0.1.10'), 40000, 22, 6, 9, 900, 3, 1),
  (1, 5, 1, sec('2026-11-02 02:00'), 10, ip('198.51.100.9'), ip('10.0.1.10'), 40000, 443, 6, 9, 900, 3, 1);
