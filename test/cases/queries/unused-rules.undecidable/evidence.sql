-- The log is complete. web was pinged through a rule for everything, db never; app's reference is not in the model; spare
-- only ever refused.
insert into rule_dim
  (rule_id, layer, owner_id, owner_name, direction, rule_number, action, protocol, from_port, to_port, peer, open_to_world, attached_interfaces, undecidable_by)
values
  ('sgr-web-ping', 'sg', 'sg-web', 'web', 'ingress', null, 'allow', 'icmp', 8, -1, '10.0.0.0/16', false, 1, 'icmp_type_unknown'),
  ('sgr-db-ping', 'sg', 'sg-db', 'db', 'ingress', null, 'allow', 'icmp', 8, -1, '10.0.0.0/16', false, 1, 'icmp_type_unknown'),
  ('sgr-app-partners', 'sg', 'sg-app', 'app', 'ingress', null, 'allow', 'tcp', 443, 443, 'pl-1', false, 1, 'unresolved_reference'),
  ('acl-front/ingress/110', 'nacl', 'acl-front', null, 'ingress', 110, 'allow', 'icmp', 8, -1, '10.0.0.0/16', false, 2, 'icmp_type_unknown');
insert into rule_set_members (rule_set_id, rule_id, certain) values
  (8, 'sgr-web-any', true);
insert into rule_traffic (day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6, connections, replied, meaningful, reset, packets, bytes, reply_packets, reply_bytes, first_s, last_s) values
  (day_of('2026-11-01'), 1, 8, 1, 1, 0, ip('10.0.2.30'), null, 1, 1, 1, 0, 9, 900, 9, 900, sec('2026-11-01 09:00'), sec('2026-11-01 09:01'));
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, case i when 4 then 0 else 50 end, 50 from range(48) t(r), range(1, 5) u(i);
