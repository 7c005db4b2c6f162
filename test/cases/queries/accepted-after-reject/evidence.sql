-- refused twice, then a rule appears and lets it in; another peer was let in first; a third never
insert into rule_dim (rule_id, layer, owner_id, direction, action, protocol, from_port, to_port, peer, valid_from) values
  ('sgr-web-new', 'sg', 'sg-web', 'ingress', 'allow', 'tcp', 22, 22, '198.51.100.0/24', '2026-11-01 09:30');
insert into rule_set_members (rule_set_id, rule_id) values (8, 'sgr-web-new'), (8, 'sgr-web-rdp');
insert into flow_rows (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id) values
  (1, 2, 1, sec('2026-11-01 09:00'), 0, ip('198.51.100.7'), ip('10.0.1.10'), 50000, 22, 6, 1, 44, 2, 3),
  (1, 3, 1, sec('2026-11-01 09:10'), 0, ip('198.51.100.7'), ip('10.0.1.10'), 50001, 22, 6, 1, 44, 2, 3),
  (1, 4, 1, sec('2026-11-01 10:30'), 0, ip('198.51.100.8'), ip('10.0.1.10'), 50001, 22, 6, 1, 44, 2, 3),
  (1, 5, 1, sec('2026-11-01 09:10'), 0, ip('198.51.100.9'), ip('10.0.1.10'), 50001, 22, 6, 1, 44, 2, 3);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 8, 1, 6, 22, ip('198.51.100.7'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 11:00')),
  (day_of('2026-11-01'), 1, 8, 1, 6, 22, ip('198.51.100.8'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10')),
  (day_of('2026-11-01'), 1, 1, 1, 6, 443, ip('198.51.100.9'), null, 2, 2, 2, 0, 20, 2000, 20, 2000, sec('2026-11-01 10:00'), sec('2026-11-01 10:10'));
