-- vertical: 20 ports of one interface; horizontal: 4 ports of 3 interfaces; both within minutes
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 10 + r, 1, sec('2026-11-01 09:00') + r, 0, ip('198.51.100.1'), ip('10.0.1.10'), 50000, 100 + r, 6, 1, 44, 2, 3 from range(20) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 40 + r, 1 + r % 3, sec('2026-11-01 09:10') + r, 0, ip('198.51.100.2'), ip('10.0.1.10'), 50000, [23, 445, 3389, 6379][1 + r // 3], 6, 1, 44, 2, 3 from range(12) t(r);
-- spray: 12 ports on 3 interfaces; sweep: one port on 5 interfaces
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 60 + r, 1 + r % 3, sec('2026-11-01 09:20') + r, 0, ip('198.51.100.3'), ip('10.0.1.10'), 50000, 1000 + r % 12, 6, 1, 44, 2, 3 from range(36) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 100 + r, 1 + r, sec('2026-11-01 09:25') + r, 0, ip('198.51.100.4'), ip('10.0.1.10'), 50000, 23, 6, 1, 44, 2, 3 from range(5) t(r);
-- slow: a port every two hours for two days
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 10 + r, 1, sec('2026-11-01 09:00') + r * 7200, 0, ip('198.51.100.5'), ip('10.0.1.10'), 50000, 100 + r, 6, 1, 44, 2, 3 from range(24) t(r);
-- brute force by one address, and by a network together
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 50 + r, 1, sec('2026-11-01 10:00') + r * 20, 0, ip('198.51.200.6'), ip('10.0.1.10'), 50000 + r, 22, 6, 1, 44, 2, 3 from range(40) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 100 + r, 1, sec('2026-11-01 10:00') + r * 20, 0, ip('203.0.113.0') + r % 10, ip('10.0.1.10'), 50000 + r, 22, 6, 1, 44, 2, 3 from range(20) t(r);
-- lateral: three ports of four inside interfaces
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 130 + r, 1 + r % 4, sec('2026-11-01 10:00') + r, 0, ip('10.0.2.20'), ip('10.0.1.10'), 50000, [22, 445, 3389][1 + r // 4], 6, 1, 44, 2, 3 from range(12) t(r);
-- ordinary: a scraper that retries, a refused client, an egress refusal, a pod that knocks twice
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 150 + r, 1 + r % 4, sec('2026-11-01 10:00') + r * 15, 0, ip('10.0.2.30'), ip('10.0.1.10'), 50000, 9104, 6, 1, 44, 2, 3 from range(60) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 220 + r, 1, sec('2026-11-01 10:00') + r * 60, 0, ip('192.0.2.44'), ip('10.0.1.10'), 50000, 443, 6, 1, 44, 2, 4 from range(50) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (2, 300, 3, sec('2026-11-01 11:00'), 0, ip('10.0.2.31'), ip('203.0.113.200'), 50000, 443, 6, 1, 44, 2, 9);
-- neighbours of real clients try SSH now and then
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 310 + r, 1, sec('2026-11-01 10:00') + r * 20, 0, ip('192.0.2.128') + r % 12, ip('10.0.1.10'), 50000, 22, 6, 1, 44, 2, 3 from range(40) t(r);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('192.0.2.10'), null, 3, 3, 3, 0, 30, 3000, 30, 9000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10'));
-- no requests: late answers, also where the initiator is unknown
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 400 + r, 1, sec('2026-11-01 12:00') + r, 0, ip('192.0.2.53'), ip('10.0.1.10'), 53, 40000 + r, 17, 1, 80, 256, 6 from range(30) t(r);
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 2, 450 + r, 1, sec('2026-11-01 12:00') + r, 0, ip('192.0.2.54'), ip('10.0.1.10'), 53, 40000 + r, 17, 1, 80, 256, 10 from range(30) t(r);
-- IPv6, one knock
insert into flow_rows_wide (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id, src6, dst6, pkt_src, pkt_dst, pkt_src6, pkt_dst6) values
  (2, 500, 1, sec('2026-11-01 12:00'), 0, null, null, 50001, 22, 6, 1, 60, 2, 3,
   42540766411282592856903984951653826561::uhugeint, 42540766411282592856903984951653826562::uhugeint, null, null, null, null);
