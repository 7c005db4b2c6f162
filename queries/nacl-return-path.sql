-- title: Replies blocked by network ACLs
-- description: Connections whose first packet was let in and whose replies a network ACL entry denies, most often
--   because the ephemeral ports are not open. Names the entry, the ports that it would have to allow, and what it
--   breaks. missing_from_port and missing_to_port are the ports seen; missing_ranges are the gaps between the allowing
--   entries that they fell into.
-- group: mismatch
-- severity: high
with dropped as (
  select f.*, j.nacl_rule_id, j.direction
  from flow_facts f
  join judgements j using (judgement_id)
  where j.cause = 'return_path_nacl'
),
ports as (
  select distinct nacl_rule_id, protocol, dstport from dropped where protocol in (6, 17)
),
-- Clients take any port from 1024 on, so a gap is given as wide as the entries around it allow.
gaps as (
  select
    p.nacl_rule_id,
    p.protocol,
    greatest(
      coalesce(max(e.to_port) filter (e.to_port < p.dstport), -1) + 1,
      case when p.dstport >= 1024 then 1024 else 0 end,
      coalesce(any_value(d.from_port), 0)
    ) as gap_from,
    least(
      coalesce(min(e.from_port) filter (e.from_port > p.dstport), 65536) - 1,
      coalesce(any_value(d.to_port), 65535)
    ) as gap_to
  from ports p
  join rules d on d.rule_id = p.nacl_rule_id
  left join rules e on e.owner_id = d.owner_id and e.direction = d.direction and e.layer = 'nacl' and e.action = 'allow'
    and e.protocol = case when p.protocol = 6 then 'tcp' else 'udp' end
  group by p.nacl_rule_id, p.protocol, p.dstport
),
missing as (
  select
    nacl_rule_id,
    protocol,
    list(case when gap_from = gap_to then gap_from::varchar else gap_from || '-' || gap_to end order by gap_from)[1:20] as missing_ranges
  from (select distinct * from gaps)
  group by nacl_rule_id, protocol
)
select
  d.nacl_rule_id,
  d.protocol,
  any_value(m.missing_ranges) as missing_ranges,
  count(distinct (d.interface_idx, address_key(d.src, d.src6), address_key(d.dst, d.dst6), d.srcport, d.dstport)) as connections,
  count(*) as records,
  d.direction,
  case when d.protocol in (6, 17) then min(d.dstport) end as missing_from_port,
  case when d.protocol in (6, 17) then max(d.dstport) end as missing_to_port,
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
left join missing m on m.nacl_rule_id = d.nacl_rule_id and m.protocol = d.protocol
group by d.nacl_rule_id, d.direction, d.protocol
order by connections desc, d.nacl_rule_id, d.protocol
