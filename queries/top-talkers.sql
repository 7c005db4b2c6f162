-- title: Top talkers by bytes
-- description: Pairs of source and destination by bytes. Traffic that both ends log is counted once, at the end that
--   saw more of it.
-- group: incident
-- param: limit integer 100 Maximum number of rows
-- param: since timestamp - From this time on
-- param: until timestamp - Before this time
with busiest as materialized (
  -- One narrow sum finds the pairs; the rest is looked up for those that are shown.
  select
    f.interface_idx,
    address_key(f.src, f.src6) as source,
    address_key(f.dst, f.dst6) as destination,
    sum(f.bytes::bigint) as bytes
  from flow_facts f
  where f.bytes > 0
    and f.start_s between least(greatest(coalesce(epoch($since::timestamp), 0), 0), 4294967295)::uinteger
    and least(greatest(coalesce(epoch($until::timestamp) - 1, 4294967295), 0), 4294967295)::uinteger
  group by all
  order by bytes desc, source, destination, f.interface_idx
  limit 2 * $limit
),
pairs as (
  select
    b.interface_idx,
    b.source,
    b.destination,
    b.bytes::ubigint as bytes,
    sum(f.packets)::ubigint as packets,
    count(*) as records,
    any_value(f.src6) as src6,
    any_value(f.dst6) as dst6,
    min(f.start_s) as first_s,
    max(f.start_s + f.duration) as last_s
  from flow_facts f
  join busiest b
    on b.interface_idx = f.interface_idx and b.source = address_key(f.src, f.src6) and b.destination = address_key(f.dst, f.dst6)
  where f.bytes > 0
    and f.start_s between least(greatest(coalesce(epoch($since::timestamp), 0), 0), 4294967295)::uinteger
    and least(greatest(coalesce(epoch($until::timestamp) - 1, 4294967295), 0), 4294967295)::uinteger
  group by all
),
ends as (
  select * from pairs qualify row_number() over (partition by source, destination order by bytes desc, interface_idx) = 1
)
select
  case when e.src6 is null then ipv4_text(e.source::uinteger) else ipv6_text(e.src6) end as source,
  case when e.dst6 is null then ipv4_text(e.destination::uinteger) else ipv6_text(e.dst6) end as destination,
  e.bytes,
  e.packets,
  e.records,
  seconds_to_timestamp(e.first_s) as first_seen,
  seconds_to_timestamp(e.last_s) as last_seen,
  i.interface_id,
  i.name
from ends e
join interface_dim i using (interface_idx)
order by e.bytes desc, e.source, e.destination
limit $limit
