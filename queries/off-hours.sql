-- title: Logins outside working hours
-- description: Accepted connections at login ports (SSH, RDP, databases, ...), or at all ports, that were opened on a
--   weekend or outside the working hours of a time zone, by peer and interface.
-- group: incident
-- narrow: peer port direction records first_local_time interface_id
-- severity: low
-- param: time_zone text UTC IANA name, e.g. Europe/Berlin
-- param: from_hour integer 8 Start of the working hours
-- param: to_hour integer 18 End of the working hours
-- param: all_ports integer 0 1 looks at all ports
-- param: limit integer 1000 Maximum number of rows
with quarters as (
  select distinct start_s // 900 as quarter from flow_facts
),
local_times as (
  select quarter, timezone($time_zone, make_timestamptz(quarter::bigint * 900000000)) as local_time from quarters
),
off_quarters as (
  select quarter
  from local_times
  where isodow(local_time) >= 6 or hour(local_time) < $from_hour or hour(local_time) >= $to_hour
),
opened as (
  select
    f.interface_idx,
    j.direction,
    f.protocol,
    f.dstport as port,
    case j.direction when 'ingress' then f.src else f.dst end as peer,
    case j.direction when 'ingress' then f.src6 else f.dst6 end as peer6,
    count(*) as records,
    sum(f.bytes)::ubigint as bytes,
    min(f.start_s) as first_s,
    max(f.start_s) as last_s
  from flow_facts f
  join judgements j using (judgement_id)
  where j.action = 'ACCEPT'
    and ((j.direction = 'ingress' and j.initiator = 'remote') or (j.direction = 'egress' and j.initiator = 'local'))
    and ($all_ports = 1 or is_login_port(f.protocol, f.dstport))
    and f.start_s // 900 in (select quarter from off_quarters)
  group by all
  order by records desc, f.interface_idx, peer, peer6, port
  limit $limit
)
select
  i.interface_id,
  o.direction,
  address_text(o.peer, o.peer6) as peer,
  o.protocol,
  o.port,
  o.records,
  o.bytes,
  seconds_to_timestamp(o.first_s) as first_seen,
  seconds_to_timestamp(o.last_s) as last_seen,
  timezone($time_zone, make_timestamptz(o.first_s::bigint * 1000000))::varchar as first_local_time,
  i.name
from opened o
join interface_dim i using (interface_idx)
order by o.records desc, i.interface_id, o.peer, o.peer6, o.port
