-- title: Unapproved DNS servers
-- description: Queries to DNS servers (ports 53 and 853) outside the network that are not on the approved list,
--   accepted and rejected. AWS does not log queries to its own resolver.
-- group: incident
-- severity: medium
-- param: approved list - Addresses and prefixes of approved servers
with given as (
  select unnest($approved::varchar[]) as server
),
ranges4 as (
  select prefix4_low(server) as low4, prefix4_high(server) as high4, server from given
),
approved as materialized (
  select low4, high4, prefix6_low(server) as low6, prefix6_high(server) as high6 from ranges4
),
queries as (
  select
    interface_idx,
    peer,
    peer6,
    protocol,
    port,
    sum(connections)::ubigint as connections,
    sum(replied)::ubigint as replied,
    sum(bytes)::ubigint as bytes,
    0::ubigint as refused,
    min(first_s) as first_s,
    max(last_s) as last_s
  from rule_traffic
  where direction = 2 and port in (53, 853) and protocol in (6, 17) and not is_internal(peer, peer6)
  group by all
  union all
  select f.interface_idx, f.dst, f.dst6, f.protocol, f.dstport, 0, 0, sum(f.bytes), count(*), min(f.start_s), max(f.start_s + f.duration)
  from flow_facts f
  join judgements j using (judgement_id)
  where j.action = 'REJECT' and j.direction = 'egress' and coalesce(j.initiator, 'local') <> 'remote'
    and f.dstport in (53, 853) and f.protocol in (6, 17) and not is_internal(f.dst, f.dst6)
  group by all
),
sums as (
  select
    interface_idx,
    peer,
    peer6,
    protocol,
    port,
    sum(connections)::ubigint as connections,
    sum(replied)::ubigint as replied,
    sum(refused)::ubigint as refused_records,
    sum(bytes)::ubigint as bytes,
    min(first_s) as first_s,
    max(last_s) as last_s
  from queries
  group by all
)
select
  address_text(s.peer, s.peer6) as server,
  i.interface_id,
  s.protocol,
  s.port,
  s.connections,
  s.replied,
  s.refused_records,
  s.bytes,
  seconds_to_timestamp(s.first_s) as first_seen,
  seconds_to_timestamp(s.last_s) as last_seen,
  i.name
from sums s
join interface_dim i using (interface_idx)
where not exists (
  select 1 from approved a where s.peer between a.low4 and a.high4 or s.peer6 between a.low6 and a.high6)
order by s.connections + s.refused_records desc, s.peer, s.peer6, i.interface_id, s.protocol, s.port
