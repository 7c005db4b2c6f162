-- three snapshots; the log of two days is complete. beta came with the second, tools with one after the log's end;
-- rdp went with the third
update rule_dim set valid_from = '2026-10-20 00:00', valid_to = null;
update rule_dim set valid_from = '2026-11-02 09:00' where rule_id = 'sgr-web-beta';
update rule_dim set valid_to = '2026-11-03 03:00' where rule_id = 'sgr-web-rdp';
insert into rule_dim
  (rule_id, layer, owner_id, owner_name, direction, action, protocol, from_port, to_port, peer, open_to_world, attached_interfaces, valid_from)
values ('sgr-web-tools', 'sg', 'sg-web', 'web', 'ingress', 'allow', 'tcp', 9000, 9000, '10.0.0.0/16', false, 1, '2026-11-03 12:00');
insert into coverage_minutes (hour, interface_idx, ok_minutes, nodata_minutes, skip_minutes, accepted, rejected)
  select hour_of('2026-11-01 09:00') + r, i, 1152921504606846975, 0, 0, 50, 50 from range(48) t(r), range(1, 5) u(i);
