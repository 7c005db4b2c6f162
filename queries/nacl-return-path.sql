-- title: Answers that a network ACL drops
-- description: Connections let in by their first packet whose answers a network ACL entry refuses, most often for want of
--   the ephemeral ports. Names the entry, the range of ports it would have to let through and what it breaks.
-- group: mismatch
-- severity: high
with dropped as (
  select f.*, j.nacl_rule_id, j.direction
  from flow_facts f
  join judgements j using (judgement_id)
  where j.cause = 'return_path_nacl'
)
select
  d.nacl_rule_id,
  d.direction,
  d.protocol,
  case when d.protocol in (6, 17) then min(d.dstport) end as missing_from_port,
  case when d.protocol in (6, 17) then max(d.dstport) end as missing_to_port,
  count(distinct (d.interface_idx, address_key(d.src, d.src6), address_key(d.dst, d.dst6), d.srcport, d.dstport)) as connections,
  count(*) as records,
  list_sort(list(distinct d.srcport))[1:20] as service_ports,
  count(distinct address_key(d.dst, d.dst6)) as clients,
  list_sort(list(distinct i.interface_id))[1:20] as interfaces,
  seconds_to_timestamp(min(d.start_s)) as first_seen,
  seconds_to_timestamp(max(d.start_s + d.duration)) as last_seen,
  any_value(r.owner_id) as owner_id,
  any_value(r.owner_name) as owner_name
from dropped d
join interface_dim i using (interface_idx)
left join rules r on r.rule_id = d.nacl_rule_id
group by d.nacl_rule_id, d.direction, d.protocol
order by connections desc, d.nacl_rule_id, d.protocol
