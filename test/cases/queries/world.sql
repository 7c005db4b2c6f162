-- A small network that every case starts from: four interfaces, their rules, the judgements that records refer to.
insert into objects (object_id, source_object) values (1, 'one.log'), (2, 'two.log');

insert into interface_dim (interface_idx, interface_id, modelled, vpc_id, subnet_id, name, group_ids, addresses) values
  (1, 'eni-web', true, 'vpc-1', 'subnet-front', 'web', ['sg-web'], ['10.0.1.10']),
  (2, 'eni-app', true, 'vpc-1', 'subnet-back', 'app', ['sg-app'], ['10.0.2.20', '10.0.2.21']),
  (3, 'eni-db', true, 'vpc-1', 'subnet-back', 'db', ['sg-db'], ['10.0.2.30']),
  (4, 'eni-spare', true, 'vpc-1', 'subnet-front', 'spare', ['sg-spare'], ['10.0.1.40']);

insert into rule_dim
  (rule_id, layer, owner_id, owner_name, direction, rule_number, action, protocol, from_port, to_port, peer, open_to_world, attached_interfaces)
values
  ('sgr-web-https', 'sg', 'sg-web', 'web', 'ingress', null, 'allow', 'tcp', 443, 443, '0.0.0.0/0', true, 1),
  ('sgr-web-rdp', 'sg', 'sg-web', 'web', 'ingress', null, 'allow', 'tcp', 3389, 3389, '0.0.0.0/0', true, 1),
  ('sgr-web-beta', 'sg', 'sg-web', 'web', 'ingress', null, 'allow', 'tcp', 8443, 8443, '0.0.0.0/0', true, 1),
  ('sgr-web-out', 'sg', 'sg-web', 'web', 'egress', null, 'allow', 'all', null, null, '0.0.0.0/0', true, 1),
  ('sgr-app-http', 'sg', 'sg-app', 'app', 'ingress', null, 'allow', 'tcp', 8080, 8080, 'sg-web', false, 1),
  ('sgr-app-wide', 'sg', 'sg-app', 'app', 'ingress', null, 'allow', 'tcp', 8000, 8099, '10.0.0.0/16', false, 1),
  ('sgr-app-syslog', 'sg', 'sg-app', 'app', 'ingress', null, 'allow', 'udp', 514, 514, '10.0.0.0/16', false, 1),
  ('sgr-db-mysql', 'sg', 'sg-db', 'db', 'ingress', null, 'allow', 'tcp', 3306, 3306, 'sg-app', false, 1),
  ('sgr-db-time', 'sg', 'sg-db', 'db', 'egress', null, 'allow', 'udp', 123, 123, '169.254.169.123/32', false, 1),
  ('sgr-spare-ssh', 'sg', 'sg-spare', 'spare', 'ingress', null, 'allow', 'tcp', 22, 22, '10.0.0.0/16', false, 1),
  ('sgr-old-ssh', 'sg', 'sg-old', 'old', 'ingress', null, 'allow', 'tcp', 22, 22, '0.0.0.0/0', true, 0),
  ('acl-front/ingress/90', 'nacl', 'acl-front', null, 'ingress', 90, 'deny', 'all', null, null, '192.0.2.0/24', false, 2),
  ('acl-front/ingress/100', 'nacl', 'acl-front', null, 'ingress', 100, 'allow', 'all', null, null, '0.0.0.0/0', true, 2),
  ('acl-front/ingress/*', 'nacl', 'acl-front', null, 'ingress', 32767, 'deny', 'all', null, null, '0.0.0.0/0', true, 2),
  ('acl-front/egress/100', 'nacl', 'acl-front', null, 'egress', 100, 'allow', 'tcp', 32768, 60999, '0.0.0.0/0', true, 2),
  ('acl-front/egress/*', 'nacl', 'acl-front', null, 'egress', 32767, 'deny', 'all', null, null, '0.0.0.0/0', true, 2);

update rule_dim set unlogged = rule_id = 'sgr-db-time';

update interface_dim set owner_ids = case when subnet_id = 'subnet-front' then list_append(group_ids, 'acl-front') else group_ids end;

insert into rule_set_members (rule_set_id, rule_id, certain) values
  (1, 'sgr-web-https', true), (2, 'sgr-web-rdp', true), (3, 'sgr-app-http', true), (3, 'sgr-app-wide', true), (4, 'sgr-app-wide', true), (5, 'sgr-app-syslog', true),
  (6, 'sgr-db-mysql', true), (7, 'sgr-web-out', true);

insert into judgements
  (judgement_id, direction, initiator, action, log_status, verdict, agreement, decided_by, cause, nacl_rule_id, sg_rule_ids)
values
  (1, 'ingress', 'remote', 'ACCEPT', 'OK', 'allow', 'agree', null, null, 'acl-front/ingress/100', ['sgr-web-https']),
  (2, 'egress', 'remote', 'ACCEPT', 'OK', 'allow', 'agree', null, null, 'acl-front/egress/100', ['sgr-web-https']),
  (3, 'ingress', 'remote', 'REJECT', 'OK', 'deny', 'agree', 'sg_in', null, 'acl-front/ingress/100', []),
  (4, 'ingress', 'remote', 'REJECT', 'OK', 'deny', 'agree', 'nacl_in', null, 'acl-front/ingress/90', []),
  (5, 'egress', 'remote', 'REJECT', 'OK', 'deny', 'agree', 'nacl_out', 'return_path_nacl', 'acl-front/egress/*', ['sgr-web-https']),
  (6, 'ingress', 'local', 'REJECT', 'OK', 'allow', 'unexpected_reject', null, 'late_packet', 'acl-front/ingress/100', []),
  (7, 'ingress', 'remote', 'ACCEPT', 'OK', 'deny', 'unexpected_accept', 'sg_in', 'no_explanation', 'acl-front/ingress/100', []),
  (8, 'ingress', 'remote', 'ACCEPT', 'OK', 'allow', 'agree', null, null, null, ['sgr-app-http', 'sgr-app-wide']),
  (9, 'egress', 'local', 'REJECT', 'OK', 'deny', 'agree', 'sg_out', null, null, []),
  (10, 'ingress', 'unknown', 'REJECT', 'OK', 'deny', 'agree', 'sg_in', null, null, []),
  (11, null, null, null, 'SKIPDATA', null, 'no_data', null, null, null, []),
  (12, 'egress', 'local', 'ACCEPT', 'OK', 'allow', 'agree', null, null, 'acl-front/egress/100', ['sgr-web-out']);
