insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 40000, 443, 6, 9, 900, 3, 1),
  (1, 3, 1, sec('2026-11-01 09:05'), 0, ip('198.51.100.7'), ip('10.0.1.10'), 443, 41000, 6, 1, 40, 4, 6),
  (2, 2, 1, sec('2026-11-01 09:02'), 5, ip('203.0.113.9'), ip('10.0.1.10'), 50000, 8080, 6, 2, 80, 256, 7);
insert into flow_rows_wide (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id, src6, dst6, pkt_src, pkt_dst, pkt_src6, pkt_dst6) values
  (2, 3, 1, sec('2026-11-01 09:06'), 0, null, null, 50001, 8080, 6, 1, 60, 2, 7,
   42540766411282592856903984951653826561::uhugeint, 42540766411282592856903984951653826562::uhugeint, null, null, null, null);
-- include scans.sql
-- web is complete, app has SKIPDATA, db a gap of three minutes, spare no evidence at all
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 1, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 2, 1152921504606846975 - 16, 0, 16, 50, 50 from range(48) t(r);
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, 3, case when r = 5 then 1152921504606846975 - 7 else 1152921504606846975 end, 0, 0, 50, 50 from range(48) t(r);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.7'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into bad_line_rows (object_id, line, reason, text) values
  (2, 9, 'wrong_field_count', 'x y'), (1, 7, 'wrong_field_count', '2 -'), (1, 8, 'invalid_address', '2 1 eni-1 10.0.0.300');
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 2, 1, 6, 3389, ip('198.51.100.1'), null, 2, 2, 0, 2, 2, 88, 2, 80, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into activity
  select (start_s // 3600)::uinteger, interface_idx, judgement_id, count(*), sum(packets), sum(bytes), min(start_s), max(start_s + duration)
  from flow_facts group by all;
