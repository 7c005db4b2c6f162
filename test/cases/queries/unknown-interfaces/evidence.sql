insert into interface_dim (interface_idx, interface_id, modelled, account_id) values (9, 'eni-gone', false, '123456789012');
insert into judgements (judgement_id, direction, action, log_status, agreement) values
  (20, null, 'ACCEPT', 'OK', 'unmodelled'), (21, null, 'REJECT', 'OK', 'unmodelled');
insert into activity (hour, interface_idx, judgement_id, records, packets, bytes, first_s, last_s) values
  (hour_of('2026-11-01 09:00'), 9, 20, 3, 30, 3000, sec('2026-11-01 09:00'), sec('2026-11-01 09:10')),
  (hour_of('2026-11-01 10:00'), 9, 21, 1, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10')),
  (hour_of('2026-11-01 10:00'), 1, 1, 1, 10, 1000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10'));
