-- The log is complete. An interface that no snapshot has may have used sgr-old-ssh, whose group is on no interface that the
-- model knows, and sgr-web-https, which a real client used.
insert into interface_dim (interface_idx, interface_id) values (20, 'eni-gone');
insert into judgements (judgement_id, direction, initiator, action, log_status, verdict, agreement, snapshot, sg_possible_rule_ids) values
  (20, 'ingress', 'remote', 'ACCEPT', 'OK', 'undecided', 'unmodelled', 'config', ['sgr-old-ssh', 'sgr-web-https']);
insert into rule_set_members (rule_set_id, rule_id, certain, credited, because) values
  (8, 'sgr-old-ssh', false, false, 32), (8, 'sgr-web-https', false, false, 32);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 20, 8, 1, 6, 22, ip('198.51.100.9'), null, 3, 3, 3, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.7'), null, 3, 3, 3, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 20, 20, 40, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r), range(1, 5) u(i);
