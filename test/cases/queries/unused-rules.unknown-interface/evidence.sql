-- Two interfaces that no snapshot has. Their records fit sgr-app-http and, at one of them, sgr-spare-ssh; nothing fits sgr-old-ssh.
insert into interface_dim (interface_idx, interface_id) values (20, 'eni-gone'), (21, 'eni-lost');
insert into judgements (judgement_id, direction, initiator, action, log_status, verdict, agreement, snapshot, sg_possible_rule_ids) values
  (20, 'ingress', 'remote', 'ACCEPT', 'OK', 'undecided', 'unmodelled', 'config', ['sgr-app-http']);
insert into rule_set_members (rule_set_id, rule_id, certain, credited, because) values
  (8, 'sgr-app-http', false, false, 32), (9, 'sgr-spare-ssh', false, false, 96);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 20, 8, 1, 6, 8080, ip('10.0.1.10'), null, 3, 3, 3, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 21, 8, 1, 6, 8080, ip('10.0.1.10'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (day_of('2026-11-01'), 21, 9, 1, 6, 22, ip('10.0.1.10'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 20, 20, 4000, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01')),
  (hour_of('2026-11-02 09:00'), 21, 20, 33, 9, 900, sec('2026-11-02 09:00'), sec('2026-11-02 09:01'));
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r), range(1, 5) u(i);
