insert into rule_dim (rule_id, layer, owner_id, direction, rule_number, action, protocol, from_port, to_port, peer) values
  ('acl-x/ingress/100', 'nacl', 'acl-x', 'ingress', 100, 'allow', 'tcp', 80, 443, '10.0.0.0/8'),
  ('acl-x/ingress/110', 'nacl', 'acl-x', 'ingress', 110, 'deny', 'tcp', 80, 80, '10.1.0.0/16'),
  ('acl-x/ingress/120', 'nacl', 'acl-x', 'ingress', 120, 'allow', 'tcp', 443, 443, '10.1.2.3/32'),
  ('acl-x/ingress/130', 'nacl', 'acl-x', 'ingress', 130, 'deny', 'tcp', 80, 444, '10.1.0.0/16'),
  ('acl-x/egress/140', 'nacl', 'acl-x', 'egress', 140, 'deny', 'tcp', 80, 80, '10.1.0.0/16'),
  ('acl-x/ingress/150', 'nacl', 'acl-x', 'ingress', 150, 'deny', 'all', null, null, '2001:db8::/32'),
  ('acl-x/ingress/160', 'nacl', 'acl-x', 'ingress', 160, 'allow', 'tcp', 22, 22, '2001:db8:1::/48'),
  ('acl-x/ingress/170', 'nacl', 'acl-x', 'ingress', 170, 'allow', 'icmp', null, null, '10.0.0.0/8'),
  ('acl-x/ingress/180', 'nacl', 'acl-x', 'ingress', 180, 'deny', 'icmp', null, null, '10.0.0.0/8');
insert into rule_dim (rule_id, layer, owner_id, direction, action, protocol, from_port, to_port, peer) values
  ('sgr-1', 'sg', 'sg-x', 'ingress', 'allow', 'tcp', 22, 22, '10.0.0.0/8'),
  ('sgr-2', 'sg', 'sg-x', 'ingress', 'allow', 'tcp', 22, 22, '10.0.0.0/8'),
  ('sgr-3', 'sg', 'sg-x', 'ingress', 'allow', 'all', null, null, '10.9.0.0/16'),
  ('sgr-4', 'sg', 'sg-x', 'ingress', 'allow', 'tcp', 443, 443, '10.9.1.0/24'),
  ('sgr-5', 'sg', 'sg-x', 'ingress', 'allow', 'tcp', 1, 100, 'sg-y'),
  ('sgr-6', 'sg', 'sg-x', 'ingress', 'allow', 'tcp', 22, 22, 'sg-y');
