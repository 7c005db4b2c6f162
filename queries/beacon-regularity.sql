-- title: Beaconing: connections at regular intervals
-- description: Outside peers that an interface contacts at nearly equal intervals, as malware that calls home does (and
--   monitoring, updates and NTP). jitter is the standard deviation of the intervals divided by their mean.
-- group: incident
-- narrow: peer interface_id port connections interval_seconds jitter protocol
-- severity: medium
-- param: min_connections integer 10 Fewest connections to judge an interval by
-- param: max_jitter number 0.15 Up to this jitter connections count as regular
-- param: min_interval integer 30 Shortest interval that counts, in seconds
-- param: limit integer 1000 Maximum number of rows
with candidates as (
  select interface_idx, protocol, port, address_key(peer, peer6) as destination
  from rule_traffic
  where direction = 2 and not is_internal(peer, peer6)
  group by all
  having sum(connections) between $min_connections and 20000
    and max(last_s) - min(first_s) >= $min_interval * ($min_connections - 1)
),
starts as (
  select
    f.interface_idx,
    f.protocol,
    f.dstport as port,
    address_key(f.dst, f.dst6) as destination,
    f.srcport,
    any_value(f.dst) as dst,
    any_value(f.dst6) as dst6,
    min(f.start_s) as start_s
  from flow_facts f
  join judgements j using (judgement_id)
  semi join candidates c
    on c.interface_idx = f.interface_idx
    and c.protocol = f.protocol
    and c.port = f.dstport
    and c.destination = address_key(f.dst, f.dst6)
  where j.action = 'ACCEPT' and j.initiator = 'local' and j.direction = 'egress'
  group by f.interface_idx, f.protocol, f.dstport, address_key(f.dst, f.dst6), f.srcport
),
steps as (
  select *, start_s - lag(start_s) over (partition by interface_idx, protocol, port, destination order by start_s) as step from starts
),
measured as (
  select
    interface_idx,
    protocol,
    port,
    any_value(dst) as dst,
    any_value(dst6) as dst6,
    count(*) as connections,
    avg(step) as mean,
    stddev_pop(step) / nullif(avg(step), 0) as jitter,
    min(start_s) as first_s,
    max(start_s) as last_s
  from steps
  group by interface_idx, protocol, port, destination
)
select
  i.interface_id,
  address_text(m.dst, m.dst6) as peer,
  m.protocol,
  m.port,
  m.connections,
  round(m.mean, 1) as interval_seconds,
  round(m.jitter, 3) as jitter,
  seconds_to_timestamp(m.first_s) as first_seen,
  seconds_to_timestamp(m.last_s) as last_seen,
  i.name,
  i.instance_id
from measured m
join interface_dim i using (interface_idx)
where m.connections >= $min_connections and m.jitter <= $max_jitter and m.mean >= $min_interval
order by m.jitter, m.connections desc, i.interface_id, m.dst, m.dst6, m.port
limit $limit
