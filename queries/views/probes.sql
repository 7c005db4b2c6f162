-- Who probes: refused requests, and the sources whose requests have the shape of a scan.

-- RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 link-local.
create macro is_internal(a4, a6) as coalesce(
  a4 between 167772160 and 184549375 or a4 between 2886729728 and 2887778303 or a4 between 3232235520 and 3232301055
    or a4 between 1681915904 and 1686110207 or a4 between 2851995648 and 2852061183,
  (a6 >> 121) = 126 or (a6 >> 118) = 1018, false);

-- One number for an address of either family, to group and join on: the address itself, or a hash beyond 2^63.
create macro address_key(a4, a6) as coalesce(a4::ubigint, hash(a6) | 9223372036854775808);

-- Whether the address of this key is internal. IPv6 keys do not tell; their callers look the address up.
create macro is_internal_key(key) as key < 4294967296 and is_internal(key, null);

-- Ports of services with a login: FTP, SSH, Telnet, SMB, databases, RDP, VNC, WinRM.
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

-- /24 networks with an address that ever had a real connection; without a model, that sent more than a handshake. Not
-- distinct: callers ask for few of them.
create view real_networks as
  select peer >> 8 as network from rule_traffic where meaningful > 0 and peer is not null
  union all
  select f.src >> 8
  from flow_facts f
  join judgements j using (judgement_id)
  where j.action = 'ACCEPT' and f.packets > 4 and f.src is not null and not exists (select 1 from rule_traffic);

-- Sources whose /24 network knocks at one login port from many addresses, none of which ever had a real connection.
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
-- networks := false does not look for networks that knock together.
create macro scan_sources(
  vertical_ports := {vertical_ports},
  sweep_targets := {sweep_targets},
  spray_ports := {spray_ports},
  brute_attempts := {brute_attempts},
  networks := true
) as table
  with knockers as materialized (
    select source from network_knockers where networks
  ),
  sources as (
    select source, count(*) as records, min(start_s) as first_s, max(end_s) as last_s from rejected_requests group by all
  ),
  -- A cheap filter first: the millions of sources with a packet or two never reach the exact counts.
  frequent as materialized (
    from sources
    where records >= least(vertical_ports, sweep_targets, spray_ports) or source in (from knockers)
  ),
  pairs as materialized (
    select source, pair, count(*) as records, min(start_s) as first_s
    from rejected_requests
    where source in (select source from frequent)
    group by all
  ),
{scan_kinds}
  select source, src, src6, scan_kind, internal, records, pairs, targets, most_ports, first_s, last_s
  from scans
  where scan_kind is not null;
