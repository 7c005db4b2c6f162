-- title: Who is behind rules open to the whole internet, by network
-- description: Peers of group rules for 0.0.0.0/0 or ::/0 by network (/24, /64), with the class of their use as in
--   rule-peers. With --ip-ranges, AWS's published ip-ranges.json, also by the service and region that AWS lists them under
--   (the longest prefix, AMAZON only where no other service has one).
-- group: rules
-- param: rule text - Only this rule
-- param: class text - Only this class (real, scanner, replyless)
-- param: ip_ranges list - AWS ranges: prefix, service and region with spaces between (--ip-ranges reads the file)
-- param: limit integer 1000 Rows at most
with open_rules as (
  select rule_id from rules where layer = 'sg' and open_to_world and ($rule is null or rule_id = $rule)
),
traffic as materialized (
  select
    s.rule_id,
    t.peer,
    t.peer6,
    t.protocol,
    t.port,
    t.traffic_class,
    sum(t.connections)::ubigint as connections,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from classified_traffic t
  join rule_sets s using (rule_set_id)
  where s.rule_id in (from open_rules) and ($class is null or t.traffic_class = $class)
  group by all
),
given as (
  select string_split(item, ' ') as parts from (select unnest($ip_ranges::varchar[]) as item)
),
ranges as materialized (
  select
    parts[1] as prefix,
    parts[2] as service,
    parts[3] as region,
    prefix4_low(parts[1]) as low4,
    prefix4_high(parts[1]) as high4,
    prefix6_low(parts[1]) as low6,
    prefix6_high(parts[1]) as high6
  from given
),
listed as (
  select p.peer, null::uhugeint as peer6, r.prefix, r.service, r.region
  from (select distinct peer from traffic where peer is not null) p
  join ranges r on p.peer >= r.low4 and p.peer <= r.high4
  union all
  select null, p.peer6, r.prefix, r.service, r.region
  from (select distinct peer6 from traffic where peer6 is not null) p
  join ranges r on p.peer6 >= r.low6 and p.peer6 <= r.high6
),
owners as (
  select
    address_key(peer, peer6) as peer_key,
    max_by({'service': service, 'region': region, 'prefix': prefix}, (service <> 'AMAZON', prefix_length(prefix, 0), service, region)) as owner
  from listed
  group by all
),
networks as (
  select
    t.rule_id,
    t.peer >> 8 as network,
    t.peer6 >> 64 as network6,
    o.owner,
    t.traffic_class,
    count(distinct address_key(t.peer, t.peer6)) as peers,
    list_sort(list(distinct t.port) filter (t.protocol in (6, 17)))[1:20] as ports,
    sum(t.connections)::ubigint as connections,
    sum(t.bytes)::ubigint as bytes,
    min(t.first_s) as first_s,
    max(t.last_s) as last_s
  from traffic t
  left join owners o on o.peer_key = address_key(t.peer, t.peer6)
  group by all
)
select
  n.rule_id,
  case when n.network is null then ipv6_text(n.network6 << 64) || '/64'
    else ipv4_text((n.network::ubigint << 8)::uinteger) || '/24' end as network,
  n.traffic_class as class,
  n.peers,
  n.connections,
  n.ports,
  n.owner.service as aws_service,
  n.owner.region as aws_region,
  n.owner.prefix as aws_prefix,
  n.bytes,
  seconds_to_timestamp(n.first_s) as first_hit,
  seconds_to_timestamp(n.last_s) as last_hit,
  r.owner_id,
  r.owner_name
from networks n
join rules r using (rule_id)
order by n.rule_id, class, n.connections desc, n.network, n.network6, aws_service, aws_region
limit $limit
