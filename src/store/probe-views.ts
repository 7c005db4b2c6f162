/** Who probes: refused requests and the sources whose requests have the shape of a scan. Needs `VIEWS` of schema.ts. */
export const PROBE_VIEWS = /* sql */ `
-- RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 link-local.
create macro is_internal(a4, a6) as coalesce(
  a4 between 167772160 and 184549375 or a4 between 2886729728 and 2887778303 or a4 between 3232235520 and 3232301055
    or a4 between 1681915904 and 1686110207 or a4 between 2851995648 and 2852061183,
  (a6 >> 121) = 126 or (a6 >> 118) = 1018, false);

-- One number for an address of either family, to group and join on: the address itself, or a hash beyond 2^63.
create macro address_key(a4, a6) as coalesce(a4::ubigint, hash(a6) | 9223372036854775808);

-- Is the address of this key inside? IPv6 keys do not tell; their callers look the address up.
create macro is_internal_key(key) as key < 4294967296 and is_internal(key, null);

-- Ports behind which a login waits: FTP, SSH, Telnet, SMB, databases, RDP, VNC, WinRM.
create macro is_login_port(protocol, port) as
  protocol = 6 and port in (21, 22, 23, 445, 1433, 1521, 3306, 3389, 5432, 5900, 5901, 5985, 5986);

-- Requests that were refused. Refused answers (late packets, return paths) are no requests; where the initiator is
-- unknown, a packet from a port where servers listen to one of the ephemeral ports counts as an answer.
-- pair: target << 24 | protocol << 16 | port; the target is the interface for ingress, the far address for egress.
create view rejected_requests as
  select
    address_key(f.src, f.src6) as source,
    f.src,
    f.src6,
    (case when j.direction = 'ingress' then f.interface_idx::ubigint
      else coalesce(4294967296 + f.dst::ubigint, 8589934592 + (hash(f.dst6) & 4294967295)) end << 24)
      + (f.protocol::ubigint << 16) + f.dstport as pair,
    f.interface_idx,
    f.protocol,
    f.dstport as port,
    f.start_s,
    f.start_s + f.duration as end_s,
    f.object_id
  from flow_facts f
  join judgements j using (judgement_id)
  where j.action = 'REJECT'
    and (f.src is not null or f.src6 is not null)
    and (
      (j.direction = 'ingress' and j.initiator = 'remote')
      or (j.direction = 'egress' and j.initiator = 'local')
      or (coalesce(j.initiator, 'unknown') = 'unknown' and not (
        f.protocol in (6, 17) and ((f.srcport < 1024 and f.dstport >= 1024) or (f.srcport < 32768 and f.dstport >= 32768)))));

-- Networks of /24 with an address that ever had a real connection; without a model, that sent more than a handshake.
create view real_networks as
  select distinct peer >> 8 as network from rule_traffic where meaningful > 0 and peer is not null
  union
  select f.src >> 8
  from flow_facts f
  join judgements j using (judgement_id)
  where j.action = 'ACCEPT' and f.packets > 4 and f.src is not null and not exists (select 1 from rule_traffic);

-- Sources whose network of /24 knocks together at one login port, and of which no address ever had a real connection.
create view network_knockers as
  with knocks as (
    select source, port
    from rejected_requests
    where is_login_port(protocol, port) and source < 4294967296 and not is_internal_key(source)
  ),
  knocking_networks as (
    select source >> 8 as network, port
    from knocks
    where source >> 8 not in (from real_networks)
    group by all
    having count(distinct source) >= 8 and count(*) >= 10
  )
  select distinct source from knocks where (source >> 8, port) in (select (network, port) from knocking_networks);

-- Sources whose refused requests have the shape of a scan, with its kind:
--   vertical     vertical_ports or more ports of one or two targets
--   horizontal   few ports on many targets: from the internet 3 targets with 3 ports and 10 pairs of them, or
--                sweep_targets targets on one port; few retries
--   spray        many ports (spray_ports) on 3 or more targets
--   lateral      horizontal or spray from inside the network (one port: 30 targets)
--   brute_force  brute_attempts at a login port of one target, or a /24 that knocks together at one login port and of
--                which no address ever had a real connection
--   slow         any of the first four, over a day or more, with never 10 new pairs in an hour
-- peers_only leaves out sources that were never let in anywhere; busiest looks at that many sources only;
-- networks := false does not look for networks that knock together.
create macro scan_sources(
  vertical_ports := 15, sweep_targets := 5, spray_ports := 10, brute_attempts := 30, peers_only := false, busiest := 9223372036854775807,
  networks := true
) as table
  with knockers as materialized (
    select source from network_knockers where networks
  ),
  -- A cheap sieve first: the millions of sources with a packet or two never reach the exact counts.
  frequent as (
    select source, count(*) as records, min(start_s) as first_s, max(end_s) as last_s
    from rejected_requests
    where not peers_only or source in (select address_key(peer, peer6) from rule_traffic)
    group by all
    having count(*) >= least(vertical_ports, sweep_targets, spray_ports)
      or source in (from knockers)
    order by records desc, source
    limit busiest
  ),
  pairs as materialized (
    select distinct source, pair from rejected_requests where source in (select source from frequent)
  ),
  targets as (
    select source, pair >> 24 as target, count(*) as target_ports from pairs group by all
  ),
  login_attempts as (
    select source, max(attempts) as login_attempts
    from (
      select source, count(*) as attempts
      from rejected_requests
      where is_login_port(protocol, port) and source in (select source from frequent where records >= brute_attempts)
      group by source, pair)
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
    where p.pairs >= least(vertical_ports, spray_ports)
      or p.targets >= sweep_targets
      or p.source in (from knockers)
      or l.login_attempts >= brute_attempts
  ),
  -- Exact where the kind depends on it: many ports on one of several targets are many ports.
  ports as (
    select source, count(*) as ports
    from (
      select distinct source, pair & 16777215
      from pairs
      where source in (select source from suspects where targets > 2 and most_ports < spray_ports))
    group by all
  ),
  -- Only a source with few enough pairs for its days can be slow.
  paces as (
    select source, max(new_pairs) as busiest_hour
    from (
      select source, first_s // 3600, count(*) as new_pairs
      from (
        select source, pair, min(start_s) as first_s
        from rejected_requests
        where source in (select source from suspects where last_s - first_s >= 86400 and pairs < (last_s - first_s) // 360)
        group by all)
      group by all)
    group by all
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
      s.source < 4294967296 and s.source >> 8 in (from real_networks) as near_real,
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
        when most_ports >= vertical_ports and targets <= 2 then 'vertical'
        when internal and targets >= 3 and pairs >= 10 and ports >= 3 and few_retries then 'lateral'
        when internal and targets >= 30 and ports = 1 and few_retries then 'lateral'
        when internal then null
        when targets >= 3 and ports >= spray_ports then 'spray'
        when targets >= 3 and pairs >= 10 and ports >= 3 and few_retries then 'horizontal'
        when targets >= sweep_targets and ports = 1 and few_retries then 'horizontal'
      end as shape_kind
    from measured
  )
  select
    source,
    src,
    src6,
    case
      when shape_kind is not null and busiest_hour < 10 then 'slow'
      when shape_kind is not null then shape_kind
      when not internal and (in_network or login_attempts >= case when near_real then 4 * brute_attempts else brute_attempts end)
        then 'brute_force'
    end as scan_kind,
    internal,
    records,
    pairs,
    targets,
    most_ports,
    first_s,
    last_s
  from kinds
  where scan_kind is not null;
`;
