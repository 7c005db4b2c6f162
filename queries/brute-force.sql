-- title: Brute-force attempts at login ports
-- description: Outside sources with brute_attempts or more tries at one login port (SSH, RDP, SMB, databases, ...) of
--   one interface - rejected requests, or accepted connections too small for a session - and /24 networks that do so
--   together.
-- group: probes
-- severity: high
-- param: brute_attempts integer 30 From this many tries a source counts
-- param: small_bytes integer 5000 Up to this many bytes, on average, an accepted connection is too small for a session
with refused as (
  select source, interface_idx, protocol, port, count(*) as tries, min(start_s) as first_s, max(end_s) as last_s
  from rejected_requests
  where is_login_port(protocol, port) and not is_internal(src, src6)
  group by all
),
admitted as (
  select
    address_key(peer, peer6) as source,
    interface_idx,
    protocol,
    port,
    sum(connections)::ubigint as tries,
    min(first_s) as first_s,
    max(last_s) as last_s
  from rule_traffic
  where direction = 1 and is_login_port(protocol, port) and not is_internal(peer, peer6)
  group by all
  having sum(connections) >= $brute_attempts and sum(bytes + reply_bytes) <= $small_bytes * sum(connections)
),
found as (
  select *, 'refused' as outcome from refused where tries >= $brute_attempts or source in (from network_knockers)
  union all
  select *, 'accepted' from admitted
),
addresses6 as (
  select address_key(null, src6) as source, any_value(src6) as src6
  from flow_rows_wide
  where src6 is not null and address_key(null, src6) in (select source from found)
  group by all
)
select
  case when f.source < 4294967296 then ipv4_text(f.source::uinteger) else ipv6_text(a.src6) end as source,
  i.interface_id,
  f.port,
  f.outcome,
  f.tries,
  seconds_to_timestamp(f.first_s) as first_seen,
  seconds_to_timestamp(f.last_s) as last_seen,
  case when f.source < 4294967296 then ipv4_text(((f.source >> 8) << 8)::uinteger) || '/24' end as network,
  i.name
from found f
join interface_dim i using (interface_idx)
left join addresses6 a using (source)
order by f.outcome, f.tries desc, f.source, i.interface_id, f.port
