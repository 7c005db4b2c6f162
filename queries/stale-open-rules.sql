-- title: Rules open to the internet, by real use
-- description: Group rules for 0.0.0.0/0 or ::/0 with their real use, without scanners, and what could replace them -
--   nothing if no real peer came, the addresses of the peers if they are few, their networks if these are few. evidence
--   is gaps if an interface of the rule lacks evidence of accepted traffic, so that real peers may have come unseen.
--   status is in_use, stale, unattached, short_window (seen for less than min_days) or insufficient_evidence; reason says why.
--   `flowreplay tighten` turns this into rules by service and proves them by replay.
-- group: rules
-- severity: high
-- param: min_days integer 30 Days that the window of a rule must have for more than short_window
-- param: max_replacements integer 10 Most addresses or networks to suggest as a replacement
with open_rules as materialized (
  select *, row_number() over (order by rule_id) as n from rules where layer = 'sg' and open_to_world and valid_to is null
),
-- By peer; numbers group faster than names and 128-bit addresses.
traffic as materialized (
  select
    o.n,
    address_key(t.peer, t.peer6) as peer_key,
    t.traffic_class = 'real' as is_real,
    t.traffic_class = 'scanner' as is_scanner,
    any_value(t.peer) as peer,
    any_value(t.peer6) as peer6,
    sum(t.connections::bigint) as connections,
    sum((t.packets + t.reply_packets)::bigint) as packets,
    max(t.last_s) as last_s
  from classified_traffic t
  join (select distinct s.rule_set_id, r.n from rule_sets s join open_rules r using (rule_id)) o using (rule_set_id)
  group by all
),
usage as (
  select
    n,
    sum(connections)::ubigint as connections,
    sum(packets)::ubigint as packets,
    coalesce(sum(connections) filter (is_real), 0)::ubigint as real_connections,
    coalesce(sum(connections) filter (is_scanner), 0)::ubigint as scanner_connections,
    max(last_s) as last_s
  from traffic
  group by all
),
real_peers as (
  select n, peer, peer6, connections from traffic where is_real
),
real_networks as (
  select n, peer >> 8 as network, peer6 >> 64 as network6, sum(connections)::ubigint as connections
  from real_peers
  group by all
),
peers as (
  select
    n,
    count(*) as peers,
    max_by((peer, peer6), connections, $max_replacements) as top_peers
  from real_peers
  group by all
),
networks as (
  select
    n,
    count(*) as networks,
    max_by((network, network6), connections, $max_replacements) as top_networks
  from real_networks
  group by all
),
named as (
  select
    o.* exclude (n),
    usage_class(u.packets, u.connections, u.real_connections, u.scanner_connections) as usage_class,
    coalesce(u.connections, 0) as connections,
    coalesce(u.real_connections, 0) as real_connections,
    coalesce(u.scanner_connections, 0) as scanner_connections,
    seconds_to_timestamp(u.last_s) as last_hit,
    coalesce(p.peers, 0) as real_peers,
    coalesce(w.networks, 0) as real_networks,
    case
      when e.interfaces is null then 'none'
      when e.incomplete > 0 or e.log_type in ('reject_only', 'none') then 'gaps'
      else 'complete'
    end as evidence,
    e.missing,
    e.unknown_text,
    e.window_from,
    e.window_to,
    list_sort(list_transform(p.top_peers, lambda a: concat(address_text(a[1], a[2]), case when a[1] is null then '/128' else '/32' end)))
      as addresses,
    list_sort(list_transform(w.top_networks, lambda a: case when a[1] is null then ipv6_text(a[2] << 64) || '/64'
      else ipv4_text((a[1]::ubigint << 8)::uinteger) || '/24' end)) as networks
  from open_rules o
  join rule_evidence e using (rule_id)
  left join usage u using (n)
  left join peers p using (n)
  left join networks w using (n)
),
doubted as (
  select
    *,
    case
      when evidence = 'gaps' then 'the evidence has gaps'
      when unknown_text is not null then 'interfaces that are not in the model may use it'
      when missing is not null then 'accepted records there have no explanation'
      when is_short(window_from, window_to, $min_days) then 'seen for ' || window_length(window_from, window_to) || ' only'
    end as doubt
  from named
)
select
  rule_id,
  usage_class,
  real_peers,
  case
    when attached_interfaces = 0 and unknown_text is null then 'remove: on no interface'
    when doubt is not null and usage_class = 'none' then 'wait: no hit, but ' || doubt
    when doubt is not null and usage_class = 'scanner_only' then 'wait: only scanners came, but ' || doubt
    when missing is not null and usage_class = 'real' then 'wait: real peers, but ' || doubt
    when usage_class = 'none' then 'remove, if unused-rules says unused'
    when usage_class = 'scanner_only' then 'remove: only scanners came'
    when usage_class = 'replyless' then 'check: connections, but never an answer'
    when real_peers <= $max_replacements then array_to_string(addresses, ', ')
    when real_networks <= $max_replacements then array_to_string(networks, ', ')
    else concat('keep: ', real_peers, ' peers in ', real_networks, ' networks')
  end as suggested_replacement,
  direction,
  protocol,
  from_port,
  to_port,
  peer,
  owner_id,
  owner_name,
  connections,
  real_connections,
  scanner_connections,
  last_hit,
  attached_interfaces,
  description,
  evidence,
  case
    when usage_class = 'real' then status_of('in_use', missing, window_from, window_to, 0)
    when attached_interfaces = 0 and unknown_text is null then 'unattached'
    else status_of('stale', missing, window_from, window_to, $min_days)
  end as status,
  case
    when usage_class = 'real' then missing
    when attached_interfaces > 0 or unknown_text is not null then coalesce(missing, short_text(window_from, window_to, $min_days))
  end as reason,
  window_text(window_from, window_to) as "window"
from doubted
order by direction desc, real_connections, connections, rule_id
