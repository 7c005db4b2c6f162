delete from rule_dim; delete from rule_set_members; delete from judgements; update interface_dim set modelled = false;
insert into judgements (judgement_id, direction, initiator, action, log_status, agreement) values
  (1, 'ingress', 'remote', 'ACCEPT', 'OK', 'unmodelled'), (2, 'ingress', 'remote', 'REJECT', 'OK', 'unmodelled');
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 10, ip('198.51.100.7'), ip('10.0.1.10'), 40000, 443, 6, 9, 900, 3, 1),
  (1, 3, 1, sec('2026-11-01 09:01'), 0, ip('198.51.100.7'), ip('10.0.1.10'), 40000, 22, 6, 1, 40, 2, 2);
insert into activity
  select (start_s // 3600)::uinteger, interface_idx, judgement_id, count(*), sum(packets), sum(bytes), min(start_s), max(start_s + duration)
  from flow_facts group by all;
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected) values
  (hour_of('2026-11-01 09:00'), 1, 3, 0, 0, 1, 1);
