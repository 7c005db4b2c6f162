-- title: Peers of rules open to the internet, by network
-- description: Peers of group rules for 0.0.0.0/0 or ::/0 by network (/24, /64), with the class of their use as in
--   rule-peers. With --ip-ranges, AWS's published ip-ranges.json, also by AWS service and region (the longest prefix;
--   AMAZON only if no other service has one).
-- group: rules
-- param: rule text - Only this rule
-- param: class text - Only this class (real, scanner, replyless)
-- param: ip_ranges list - AWS ranges as prefix, service and region separated by blanks (--ip-ranges reads the file)
-- param: limit integer 1000 Maximum number of rows
with open_rules as materialized (
  select rule_id, owner_id, owner_name, row_number() over (order by rule_id) as n
  from rules
  where layer = 'sg' and open_to_world and ($rule is null or rule_id = $rule)
),
given as (
  select string_split(item, ' ') as parts from (select unnest($ip_ranges::varchar[]) as item)
),
ranges as materialized (
  select
    parts[1] as prefix,
    parts[2] as service,
    parts[3] as region,
    row_number() over (order by parts[2], parts[3], parts[1]) as aws_n,
    prefix4_low(parts[1]) as low4,
    prefix4_high(parts[1]) as high4,
    prefix6_low(parts[1]) as low6,
    prefix6_high(parts[1]) as high6
  from given
),
-- Numbers group faster than names and 128-bit addresses. class: 0 real, 1 replyless, 2 scanner, the order of the names.
rows_of_rules as materialized (
  select
    o.n,
    ['real', 'replyless', 'scanner'].list_position(t.traffic_class)::utinyint as class,
    address_key(t.peer >> 8, t.peer6 >> 64) as network_key,
    t.peer,
    t.peer6,
    t.protocol,
    t.port,
    t.connections,
    t.bytes + t.reply_bytes as bytes,
    t.first_s,
    t.last_s
  from classified_traffic t
  join (select distinct s.rule_set_id, r.n from rule_sets s join open_rules r using (rule_id)) o using (rule_set_id)
  where $class is null or t.traffic_class = $class
),
listed as (
  select p.peer, null::uhugeint as peer6, r.aws_n, r.prefix, r.service, r.region
  from (select distinct peer from rows_of_rules where peer is not null and len($ip_ranges::varchar[]) > 0) p
  join ranges r on p.peer >= r.low4 and p.peer <= r.high4
  union all
  select null, p.peer6, r.aws_n, r.prefix, r.service, r.region
  from (select distinct peer6 from rows_of_rules where peer6 is not null and len($ip_ranges::varchar[]) > 0) p
  join ranges r on p.peer6 >= r.low6 and p.peer6 <= r.high6
),
owners as materialized (
  select
    address_key(peer, peer6) as peer_key,
    max_by(aws_n, (service <> 'AMAZON', prefix_length(prefix, 0), service, region)) as aws_n
  from listed
  group by all
),
traffic as (
  select t.*, coalesce(o.aws_n, 0) as aws_n
  from rows_of_rules t
  left join owners o on o.peer_key = address_key(t.peer, t.peer6)
),
-- One narrow sum finds the networks; the other columns are summed for those only.
busiest as materialized (
  select n, class, network_key, aws_n, any_value(peer >> 8) as network, any_value(peer6 >> 64) as network6, sum(connections::bigint) as connections
  from traffic
  group by n, class, network_key, aws_n
  order by n, class, connections desc, network, network6, nullif(aws_n, 0)
  limit $limit
),
networks as (
  select
    t.n,
    t.class,
    t.network_key,
    t.aws_n,
    count(distinct address_key(t.peer, t.peer6)) as peers,
    list_sort(list(distinct t.port) filter (t.protocol in (6, 17)))[1:20] as ports,
    sum(t.bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from traffic t
  semi join busiest using (n, class, network_key, aws_n)
  group by t.n, t.class, t.network_key, t.aws_n
)
select
  o.rule_id,
  case when b.network is null then ipv6_text(b.network6 << 64) || '/64'
    else ipv4_text((b.network::ubigint << 8)::uinteger) || '/24' end as network,
  ['real', 'replyless', 'scanner'][b.class] as class,
  n.peers,
  b.connections::ubigint as connections,
  n.ports,
  r.service as aws_service,
  r.region as aws_region,
  r.prefix as aws_prefix,
  n.bytes,
  seconds_to_timestamp(n.first_s) as first_hit,
  seconds_to_timestamp(n.last_s) as last_hit,
  o.owner_id,
  o.owner_name
from busiest b
join networks n using (n, class, network_key, aws_n)
join open_rules o using (n)
left join ranges r on r.aws_n = b.aws_n
order by o.rule_id, b.class, b.connections desc, b.network, b.network6, nullif(b.aws_n, 0)
