-- https: real clients (two partial rows of one day), a scanner too; rdp: only that scanner, refused; syslog: one-way
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('192.0.2.10'), null, 3, 3, 3, 0, 30, 3000, 30, 9000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('192.0.2.10'), null, 1, 1, 1, 0, 10, 1000, 10, 3000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10')),
  (day_of('2026-11-02'), 1, 1, 1, 6, 443, null, 42540766411282592856903984951653826561::uhugeint, 1, 1, 1, 0, 10, 1000, 10, 3000, sec('2026-11-02 10:00'), sec('2026-11-02 10:10')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.1'), null, 1, 1, 1, 0, 4, 200, 3, 180, sec('2026-11-01 08:00'), sec('2026-11-01 08:10')),
  (day_of('2026-11-01'), 1, 2, 1, 6, 3389, ip('198.51.100.1'), null, 2, 2, 0, 2, 2, 88, 2, 80, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 2, 3, 1, 6, 8080, ip('10.0.1.10'), null, 5, 5, 5, 0, 50, 5000, 50, 5000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 4, 1, 6, 8010, ip('10.0.1.10'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 2, 5, 1, 17, 514, ip('10.0.2.30'), null, 9, 0, 0, 0, 90, 9000, 0, 0, sec('2026-11-01 09:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 3, 6, 1, 6, 3306, ip('10.0.2.20'), null, 4, 0, 0, 0, 4, 240, 0, 0, sec('2026-11-01 09:00'), sec('2026-11-01 11:00'));
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 1, 1, 3, 30, 3000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (hour_of('2026-11-01 10:00'), 1, 1, 1, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10'));
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, 10 + r, 1, sec('2026-11-01 09:00') + r, 0, ip('198.51.100.1'), ip('10.0.1.10'), 50000, 100 + r, 6, 1, 44, 2, 3 from range(20) t(r);
