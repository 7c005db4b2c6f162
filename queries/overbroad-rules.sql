-- title: Overbroad rules
-- description: Group rules in real use that are much wider than that use, with the ports and peers that were really
--   used. scanned_ports were only touched by scanners or never answered. A rule is listed if at least half of the ports
--   of its range (or any port of an all-ports rule) went unused, or if its address block served at most max_peers
--   peers. evidence is gaps if an interface of the rule lacks evidence of accepted traffic, so that more may be used
--   than was seen. status is overbroad, short_window (seen for less than min_days) or insufficient_evidence; reason says
--   why. `flowreplay tighten` proposes narrower rules.
-- group: rules
-- severity: medium
-- param: max_peers integer 10 Up to this many peers a block of addresses counts as hardly used
-- param: min_days integer 30 Days that the window of a rule must have for more than short_window
-- param: list_length integer 50 Most ports and networks to list
with candidates as materialized (
  select
    rule_id,
    row_number() over (order by rule_id) as rule_n,
    owner_id,
    owner_name,
    direction,
    protocol,
    from_port,
    to_port,
    peer,
    description,
    case when protocol in ('icmp', 'icmpv6') then null when from_port is null then 65536 else to_port - from_port + 1 end as allowed_ports,
    case when peer like '%/%' and peer not like '%/32' and peer not like '%/128' then prefix_length(peer, 32) end as peer_length
  from rules
  where layer = 'sg' and valid_to is null
),
-- Numbers group faster than names and 128-bit addresses.
slices as materialized (
  select
    c.rule_n,
    t.protocol,
    t.port,
    address_key(t.peer, t.peer6) as peer_key,
    any_value(t.peer) as peer,
    any_value(t.peer6) as peer6,
    bool_or(t.traffic_class = 'real') as is_real,
    sum(t.connections::bigint) as connections
  from classified_traffic t
  join (
    select distinct s.rule_set_id, k.rule_n
    from rule_sets s
    join candidates k using (rule_id)
    where k.allowed_ports > 1 or k.peer_length is not null) c using (rule_set_id)
  group by c.rule_n, t.protocol, t.port, address_key(t.peer, t.peer6)
),
ports as (
  select rule_n, protocol, port, bool_or(is_real) as is_real from slices group by all
),
port_lists as (
  select
    rule_n,
    list_sort(list(distinct port) filter (is_real and protocol in (6, 17))) as used_ports,
    list_sort(list(distinct port) filter (not is_real and protocol in (6, 17))) as scanned_ports,
    list_sort(list(distinct protocol) filter (is_real)) as used_protocols
  from ports
  group by all
),
networks as (
  select distinct rule_n, peer >> 8 as network, peer6 >> 64 as network6 from slices where is_real
),
network_lists as (
  select
    rule_n,
    count(*) as used_networks,
    min((network, network6), $list_length) as networks
  from networks
  group by all
),
peer_counts as (
  select rule_n, count(*) as used_peers
  from (select distinct rule_n, peer_key from slices where is_real)
  group by all
),
connections as (
  select rule_n, sum(connections)::ubigint as connections from slices where is_real group by all
)
select
  c.rule_id,
  coalesce(p.used_ports, [])[1:$list_length] as used_ports,
  coalesce(p.scanned_ports, [])[1:$list_length] as scanned_ports,
  coalesce(len(p.used_ports), 0) as used_port_count,
  c.allowed_ports,
  n.used_peers,
  list_transform(l.networks, lambda a: case when a[1] is null then ipv6_text(a[2] << 64) || '/64'
    else ipv4_text((a[1]::ubigint << 8)::uinteger) || '/24' end) as used_networks,
  c.peer,
  c.protocol,
  c.from_port,
  c.to_port,
  c.direction,
  p.used_protocols,
  k.connections,
  case when e.incomplete > 0 or e.log_type in ('reject_only', 'none') then 'gaps' else 'complete' end as evidence,
  c.owner_id,
  c.owner_name,
  c.description,
  status_of('overbroad', e.missing, e.window_from, e.window_to, $min_days) as status,
  coalesce(e.missing, short_text(e.window_from, e.window_to, $min_days)) as reason,
  window_text(e.window_from, e.window_to) as "window"
from candidates c
join port_lists p using (rule_n)
join network_lists l using (rule_n)
join peer_counts n using (rule_n)
join connections k using (rule_n)
join rule_evidence e using (rule_id)
where coalesce(len(p.used_ports), 0) * 2 <= c.allowed_ports or (c.peer_length is not null and n.used_peers <= $max_peers)
order by c.allowed_ports desc nulls last, n.used_peers, c.rule_id
