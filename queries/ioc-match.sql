-- title: Traffic with addresses on an indicator list
-- description: Traffic from or to the addresses and prefixes of an indicator list (--ioc file, or --param
--   indicators=a,b), by interface and action.
-- group: incident
-- narrow: address action records first_seen direction interface_id
-- severity: high
-- param: indicators list - Addresses and prefixes, IPv4 and IPv6
-- param: limit integer 1000 Maximum number of rows
with given as (
  select distinct unnest($indicators::varchar[]) as indicator
),
ranges4 as (
  select indicator, prefix4_low(indicator) as low4, prefix4_high(indicator) as high4 from given
),
ranges6 as materialized (
  select indicator, low4, high4, prefix6_low(indicator) as low6, prefix6_high(indicator) as high6 from ranges4
),
seen4 as materialized (
  select src as address from flow_rows union select dst from flow_rows
  union select src from flow_rows_wide union select dst from flow_rows_wide
),
matched4 as materialized (
  select s.address, list_sort(list(r.indicator)) as indicators
  from seen4 s
  join ranges6 r on s.address >= r.low4 and s.address <= r.high4
  group by all
),
seen6 as (
  select src6 as address from flow_rows_wide where src6 is not null
  union
  select dst6 from flow_rows_wide where dst6 is not null
),
matched6 as materialized (
  select s.address, list_sort(list(r.indicator)) as indicators
  from seen6 s
  join ranges6 r on s.address >= r.low6 and s.address <= r.high6
  group by all
),
found as (
  select
    case when f.src in (select address from matched4) or f.src6 in (select address from matched6) then f.src else f.dst end as address,
    case when f.src in (select address from matched4) or f.src6 in (select address from matched6) then f.src6 else f.dst6 end as address6,
    f.interface_idx,
    j.direction,
    j.initiator,
    j.action,
    count(*) as records,
    sum(f.bytes)::ubigint as bytes,
    min(f.start_s) as first_s,
    max(f.start_s + f.duration) as last_s
  from flow_facts f
  join judgements j using (judgement_id)
  where f.src in (select address from matched4)
    or f.dst in (select address from matched4)
    or f.src6 in (select address from matched6)
    or f.dst6 in (select address from matched6)
  group by all
  order by j.action, records desc
  limit $limit
)
select
  address_text(f.address, f.address6) as address,
  coalesce(m.indicators, n.indicators) as indicators,
  i.interface_id,
  f.action,
  f.direction,
  f.initiator,
  f.records,
  f.bytes,
  seconds_to_timestamp(f.first_s) as first_seen,
  seconds_to_timestamp(f.last_s) as last_seen,
  i.name
from found f
join interface_dim i using (interface_idx)
left join matched4 m on m.address = f.address
left join matched6 n on n.address = f.address6
order by f.action, f.records desc, f.address, f.address6, i.interface_id, f.direction, f.initiator
