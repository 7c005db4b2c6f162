/** Who probes: refused requests and the sources whose requests have the shape of a scan. Needs `VIEWS` of schema.ts. */
export const PROBE_VIEWS = /* sql */ `
-- RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 link-local.
create macro is_internal(a4, a6) as coalesce(
  a4 between 167772160 and 184549375 or a4 between 2886729728 and 2887778303 or a4 between 3232235520 and 3232301055
    or a4 between 1681915904 and 1686110207 or a4 between 2851995648 and 2852061183,
  (a6 >> 121) = 126 or (a6 >> 118) = 1018, false);

-- Ports behind which a login waits: FTP, SSH, Telnet, SMB, databases, RDP, VNC, WinRM.
create macro is_login_port(protocol, port) as
  protocol = 6 and port in (21, 22, 23, 445, 1433, 1521, 3306, 3389, 5432, 5900, 5901, 5985, 5986);

-- Requests that were refused. Refused answers (late packets, return paths) are no requests; where the initiator is
-- unknown, a packet from a well-known port to a high one counts as an answer.
-- target: the interface for ingress, beyond 2^32 the remote address for egress.
create view rejected_requests as
  select
    f.src,
    f.src6,
    case when j.direction = 'ingress' then f.interface_idx::ubigint
      else 4294967296 + coalesce(f.dst::ubigint, (hash(f.dst6) >> 2) + 4294967296) end as target,
    f.interface_idx,
    f.protocol,
    f.dstport as port,
    f.start_s,
    f.start_s + f.duration as end_s
  from flow_facts f
  join judgements j using (judgement_id)
  where j.action = 'REJECT'
    and (f.src is not null or f.src6 is not null)
    and (
      (j.direction = 'ingress' and j.initiator = 'remote')
      or (j.direction = 'egress' and j.initiator = 'local')
      or (coalesce(j.initiator, 'unknown') = 'unknown' and not (f.protocol in (6, 17) and f.srcport < 1024 and f.dstport >= 1024)));

-- Sources whose refused requests have the shape of a scan, with its kind:
--   vertical     vertical_ports or more ports of one or two targets
--   horizontal   few ports on many targets: from the internet 3 targets with 3 ports and 10 pairs of them, or
--                sweep_targets targets on one port with few retries
--   spray        many ports (spray_ports) on 3 or more targets
--   lateral      horizontal or spray from inside the network (one port: 30 targets)
--   brute_force  brute_attempts at a login port of one target, or a /24 that knocks together at one login port and of
--                which no address ever had a real connection
--   slow         any of the first four, over a day or more, with never 10 new pairs in an hour
create macro scan_sources(vertical_ports := 15, sweep_targets := 5, spray_ports := 10, brute_attempts := 30) as table
  with real_networks as (
    select distinct peer >> 8 as network from rule_traffic where meaningful > 0 and peer is not null
  ),
  knocks as materialized (
    select src, src6, target, port, count(*) as records
    from rejected_requests
    where is_login_port(protocol, port)
    group by all
  ),
  knocking_networks as (
    select src >> 8 as network, port
    from knocks
    where src is not null and not is_internal(src, src6) and src >> 8 not in (from real_networks)
    group by all
    having count(distinct src) >= 8 and sum(records) >= 10
  ),
  knockers as (
    select distinct src, src6 from knocks where (src >> 8, port) in (select (network, port) from knocking_networks)
  ),
  -- Cheap sieves first: the millions of sources with a packet or two never reach the exact counts.
  frequent as (
    select src, src6 from rejected_requests group by all having count(*) >= least(vertical_ports, sweep_targets, spray_ports)
  ),
  frequent_pairs as materialized (
    select r.src, r.src6, r.target, r.protocol, r.port, count(*) as records, min(r.start_s) as first_s, max(r.end_s) as last_s
    from rejected_requests r
    join frequent f on r.src is not distinct from f.src and r.src6 is not distinct from f.src6
    group by all
  ),
  candidates as (
    select src, src6
    from frequent_pairs
    group by all
    having count(*) >= least(vertical_ports, spray_ports)
      or (count(*) >= sweep_targets and min(port) = max(port))
      or max(case when is_login_port(protocol, port) then records else 0 end) >= brute_attempts
  ),
  pairs as materialized (
    select p.*
    from frequent_pairs p
    join candidates c on p.src is not distinct from c.src and p.src6 is not distinct from c.src6
    union
    select r.src, r.src6, r.target, r.protocol, r.port, count(*), min(r.start_s), max(r.end_s)
    from rejected_requests r
    join knockers k on r.src is not distinct from k.src and r.src6 is not distinct from k.src6
    group by all
  ),
  per_target as (
    select src, src6, target, count(*) as target_ports from pairs group by all
  ),
  per_hour as (
    select src, src6, first_s // 3600 as hour, count(*) as new_pairs from pairs group by all
  ),
  shape as (
    select
      src,
      src6,
      count(*) as pairs,
      sum(records)::ubigint as records,
      count(distinct protocol::uinteger * 65536 + port) as ports,
      max(case when is_login_port(protocol, port) then records else 0 end) as login_attempts,
      min(first_s) as first_s,
      max(last_s) as last_s
    from pairs
    group by all
  ),
  measured as (
    select
      s.*,
      t.targets,
      t.most_ports,
      h.busiest_hour,
      k.src is not null as in_network,
      coalesce(s.src >> 8 in (from real_networks), false) as near_real,
      is_internal(s.src, s.src6) or address_text(s.src, s.src6) in (select unnest(addresses) from interface_dim) as internal
    from shape s
    join (select src, src6, count(*) as targets, max(target_ports) as most_ports from per_target group by all) t
      on s.src is not distinct from t.src and s.src6 is not distinct from t.src6
    join (select src, src6, max(new_pairs) as busiest_hour from per_hour group by all) h
      on s.src is not distinct from h.src and s.src6 is not distinct from h.src6
    left join knockers k on s.src is not distinct from k.src and s.src6 is not distinct from k.src6
  ),
  kinds as (
    select
      *,
      case
        when most_ports >= vertical_ports and targets <= 2 then 'vertical'
        when internal and targets >= 3 and pairs >= 10 and ports >= 3 then 'lateral'
        when internal and targets >= 30 and ports = 1 and records <= 3 * pairs then 'lateral'
        when internal then null
        when targets >= 3 and ports >= spray_ports then 'spray'
        when targets >= 3 and pairs >= 10 and ports >= 3 then 'horizontal'
        when targets >= sweep_targets and ports = 1 and records <= 3 * pairs then 'horizontal'
      end as shape_kind
    from measured
  )
  select
    src,
    src6,
    case
      when shape_kind is not null and last_s - first_s >= 86400 and busiest_hour < 10 then 'slow'
      when shape_kind is not null then shape_kind
      when not internal and (in_network or login_attempts >= case when near_real then 4 * brute_attempts else brute_attempts end)
        then 'brute_force'
    end as scan_kind,
    internal,
    records,
    pairs,
    targets,
    ports,
    first_s,
    last_s
  from kinds
  where scan_kind is not null;
`;
