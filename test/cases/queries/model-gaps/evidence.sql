insert into judgements (judgement_id, direction, action, log_status, agreement, cause) values
  (20, 'ingress', 'ACCEPT', 'OK', 'undecided', 'icmp_type_unknown'), (21, 'ingress', 'REJECT', 'OK', 'unmodelled', null);
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 1, 20, 3, 30, 3000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (hour_of('2026-11-01 10:00'), 1, 20, 1, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10')),
  (hour_of('2026-11-01 10:00'), 2, 21, 7, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10')),
  (hour_of('2026-11-01 10:00'), 2, 1, 7, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10'));
