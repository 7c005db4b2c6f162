-- title: Timeline of records
-- description: Records by stretch of time - accepted, rejected, mismatches, bytes, peers - of the whole log, or of an
--   address, prefix, interface or instance (`about`).
-- group: incident
-- param: about text - Address, prefix, eni-... or i-...; everything if it is not given
-- param: minutes integer 60 Length of a stretch in minutes
-- param: since timestamp - From this time on
-- param: until timestamp - Before this time
with range4 as (
  select prefix4_low($about) as low4, prefix4_high($about) as high4
),
asked as (
  select low4, high4, prefix6_low($about) as low6, prefix6_high($about) as high6 from range4
),
picked as (
  select f.*
  from flow_facts f
  cross join asked a
  where f.start_s >= coalesce(epoch($since::timestamp), 0)
    and f.start_s < coalesce(epoch($until::timestamp), 4294967295)
    and (
      $about is null
      or f.src between a.low4 and a.high4
      or f.dst between a.low4 and a.high4
      or f.src6 between a.low6 and a.high6
      or f.dst6 between a.low6 and a.high6
      or f.interface_idx in (select interface_idx from interface_dim where $about in (interface_id, instance_id)))
),
sums as (
  select
    p.start_s // ($minutes * 60) as stretch,
    count(*) as records,
    count_if(j.action = 'ACCEPT') as accepted,
    count_if(j.action = 'REJECT') as rejected,
    count_if(j.agreement in ('unexpected_accept', 'unexpected_reject')) as mismatches,
    sum(p.packets)::ubigint as packets,
    sum(p.bytes)::ubigint as bytes,
    approx_count_distinct(case when j.direction = 'egress' then address_key(p.dst, p.dst6) else address_key(p.src, p.src6) end) as peers,
    approx_count_distinct(p.interface_idx) as interfaces
  from picked p
  join judgements j using (judgement_id)
  group by all
)
select
  seconds_to_timestamp(stretch * $minutes * 60) as start_time,
  records,
  accepted,
  rejected,
  mismatches,
  bytes,
  packets,
  peers as peers_about,
  interfaces as interfaces_about
from sums
order by stretch
