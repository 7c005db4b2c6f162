-- The kind of each source's scan, up to the common table expression scans (scan_kind is null for a source that scans in no
-- way). Part of a query whose WITH clause defines three others, so that it decides how much there is to look at:
--   frequent   (source, records, first_s, last_s)
--   pairs      (source, pair, records, first_s) of their refused requests
--   knockers   (source) whose network knocks together
-- The kinds are described at scan_sources in probes.sql; limits in braces are put in by src/store/views.ts.
targets as (
  select source, pair >> 24 as target, count(*) as target_ports from pairs group by all
),
login_attempts as (
  select source, max(records) as login_attempts
  from pairs
  where records >= {brute_attempts} and is_login_port((pair >> 16) & 255, pair & 65535)
  group by all
),
per_source as (
  select source, count(*) as targets, max(target_ports) as most_ports, sum(target_ports)::ubigint as pairs from targets group by all
),
suspects as (
  select
    p.*,
    f.records,
    f.first_s,
    f.last_s,
    coalesce(l.login_attempts, 0) as login_attempts,
    p.source in (from knockers) as in_network
  from per_source p
  join frequent f using (source)
  left join login_attempts l using (source)
  where p.pairs >= least({vertical_ports}, {spray_ports})
    or p.targets >= {sweep_targets}
    or p.source in (from knockers)
    or l.login_attempts >= {brute_attempts}
),
-- Exact where the kind depends on it: many ports on one of several targets are many ports.
ports as (
  select source, count(*) as ports
  from (
    select distinct source, pair & 16777215
    from pairs
    where source in (select source from suspects where targets > 2 and most_ports < {spray_ports}))
  group by all
),
-- Only a source with few enough pairs for its days can be slow.
paces as (
  select source, max(new_pairs) as busiest_hour
  from (
    select source, first_s // 3600, count(*) as new_pairs
    from pairs
    where source in (select source from suspects where last_s - first_s >= 86400 and pairs < (last_s - first_s) // 360)
    group by all)
  group by all
),
-- Asked only of those for whom it matters.
near_real as (
  select distinct network
  from real_networks
  where network in (select source >> 8 from suspects where login_attempts >= {brute_attempts} and source < 4294967296)
),
addresses6 as (
  select address_key(null, src6) as source, any_value(src6) as src6
  from flow_rows_wide
  where src6 is not null and address_key(null, src6) in (select source from suspects)
  group by all
),
measured as (
  select
    s.*,
    case when s.source < 4294967296 then s.source::uinteger end as src,
    a.src6,
    coalesce(p.ports, s.most_ports) as ports,
    -- A scanner moves on, a client that is refused comes back: at most four tries a pair and hour.
    s.records <= 4 * s.pairs * (1 + (s.last_s - s.first_s) // 3600) as few_retries,
    h.busiest_hour,
    s.source < 4294967296 and s.source >> 8 in (from near_real) as near_real,
    is_internal(case when s.source < 4294967296 then s.source end, a.src6)
      or address_text(case when s.source < 4294967296 then s.source end, a.src6) in (select unnest(addresses) from interface_dim)
      as internal
  from suspects s
  left join ports p using (source)
  left join paces h using (source)
  left join addresses6 a using (source)
),
kinds as (
  select
    *,
    case
      when most_ports >= {vertical_ports} and targets <= 2 then 'vertical'
      when internal and targets >= 3 and pairs >= 10 and ports >= 3 and few_retries then 'lateral'
      when internal and targets >= 30 and ports = 1 and few_retries then 'lateral'
      when internal then null
      when targets >= 3 and ports >= {spray_ports} then 'spray'
      when targets >= 3 and pairs >= 10 and ports >= 3 and few_retries then 'horizontal'
      when targets >= {sweep_targets} and ports = 1 and few_retries then 'horizontal'
    end as shape_kind
  from measured
),
scans as (
  select
    *,
    case
      when shape_kind is not null and busiest_hour < 10 then 'slow'
      when shape_kind is not null then shape_kind
      when not internal and (in_network or login_attempts >= case when near_real then 4 * {brute_attempts} else {brute_attempts} end)
        then 'brute_force'
    end as scan_kind
  from kinds
)