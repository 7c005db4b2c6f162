-- title: Rule usage
-- description: Every rule with its connections (records for network ACL entries), sole connections that no other rule
--   would have admitted, peers, ports, first and last hit, and usage class.
-- group: rules
-- narrow: rule_id usage_class connections last_hit protocol from_port distinct_peers
-- param: usage_class text - Only this class (real, scanner_only, replyless, none)
select
  u.rule_id,
  u.usage_class,
  u.connections,
  u.sole_connections,
  u.distinct_peers,
  u.distinct_ports,
  u.packets,
  u.bytes,
  u.first_hit,
  u.last_hit,
  u.real_connections,
  u.scanner_connections,
  r.layer,
  r.owner_id,
  r.owner_name,
  r.direction,
  r.action,
  r.protocol,
  r.from_port,
  r.to_port,
  r.peer,
  r.description,
  r.attached_interfaces
from rule_usage u
join rules r using (rule_id)
where $usage_class is null or u.usage_class = $usage_class
order by r.layer desc, u.connections desc, u.rule_id
