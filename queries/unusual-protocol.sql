-- title: Protocols other than TCP, UDP and ICMP
-- description: Traffic of other IP protocols (tunnels such as GRE and ESP, or something that hides), by protocol,
--   interface and pair of addresses.
-- group: incident
-- severity: low
-- param: limit integer 1000 Maximum number of rows
with unusual as (
  select
    f.protocol,
    f.interface_idx,
    f.src,
    f.src6,
    f.dst,
    f.dst6,
    j.action,
    count(*) as records,
    sum(f.packets)::ubigint as packets,
    sum(f.bytes)::ubigint as bytes,
    min(f.start_s) as first_s,
    max(f.start_s + f.duration) as last_s
  from flow_facts f
  join judgements j using (judgement_id)
  where f.protocol not in (1, 6, 17, 58)
  group by all
  order by bytes desc, f.protocol, f.src, f.src6, f.dst, f.dst6
  limit $limit
)
select
  u.protocol,
  i.interface_id,
  address_text(u.src, u.src6) as srcaddr,
  address_text(u.dst, u.dst6) as dstaddr,
  u.action,
  u.records,
  u.packets,
  u.bytes,
  seconds_to_timestamp(u.first_s) as first_seen,
  seconds_to_timestamp(u.last_s) as last_seen,
  i.name
from unusual u
join interface_dim i using (interface_idx)
order by u.bytes desc, u.protocol, u.src, u.src6, u.dst, u.dst6, i.interface_id
