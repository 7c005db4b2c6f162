-- How rules are used: real traffic, scanners, or traffic without replies.

-- The addresses of the interfaces as keys; delegated prefixes are left out.
create view own_addresses as
  select interface_idx, address_key(ipv4_number(address), ipv6_number(address)) as source
  from (select interface_idx, unnest(addresses) as address from interface_dim)
  where not contains(address, '/');

-- Ends of admitted traffic that scan, and those that were refused elsewhere: by the records, and by those pruned.
create view probing_peers as
  with sources as materialized (
    select source, count(*) as records, min(start_s) as first_s, max(end_s) as last_s from rejected_requests group by all
  ),
  frequent as materialized (
    from sources
    where records >= least({vertical_ports}, {sweep_targets}, {spray_ports})
      and (source in (select address_key(peer, peer6) from rule_traffic) or source in (select source from own_addresses))
  ),
  pairs as materialized (
    select source, pair, count(*) as records, min(start_s) as first_s
    from rejected_requests
    where source in (select source from frequent)
    group by all
  ),
  -- Networks that knock together are no scanners here.
  knockers as (
    select 0::ubigint as source where false
  ),
{default_scan_kinds}
  select source, scanner, bool_or(internal) as internal
  from (
    select source, true as scanner, internal from scans where scan_kind is not null
    union all
    select source, false, false
    from sources
    where source in (select address_key(peer, peer6) from rule_traffic where meaningful = 0 and not is_internal(peer, peer6))
    union all
    select source, scanner, internal from pruned_probers)
  group by all;

-- Tracked traffic with its class:
--   real       answered (the tracker's meaningful) at either end, unless a scanner from outside opened it; or one-way
--              datagrams between inside addresses that no scanner sent
--   scanner    nothing real, and who opened it scans, or is outside and was refused elsewhere
--   replyless  nothing real, and nothing else is known against who opened it
-- The peer opened it, or the interface, by any of its addresses: so both ends of an exchange have one class.
-- Partial rows are put together first: where a run was cut must not decide the class. Traffic that is counted for rules
-- that may have admitted it only is among it: join rule_sets to count each connection once.
create view classified_traffic as
  with traffic as (
    select
      day, interface_idx, rule_set_id, direction, protocol, port, peer, peer6,
      sum(connections)::ubigint as connections,
      sum(replied)::ubigint as replied,
      sum(meaningful)::ubigint as meaningful,
      sum(reset)::ubigint as reset,
      sum(packets)::ubigint as packets,
      sum(bytes)::ubigint as bytes,
      sum(reply_packets)::ubigint as reply_packets,
      sum(reply_bytes)::ubigint as reply_bytes,
      min(first_s) as first_s,
      max(last_s) as last_s
    from possible_traffic
    group by all
  ),
  -- Rows for the replies of untracked flows (port 0) have the direction of the replies.
  opened as (
    select
      *,
      address_key(peer, peer6) as peer_key,
      (direction = 1) <> (protocol in (6, 17) and port = 0) as by_peer
    from traffic
  ),
  own as materialized (from own_addresses),
  -- An answer that one end's network ACL drops is in the records of that end only.
  answered as (
    select distinct t.day, t.protocol, t.port, t.by_peer, t.interface_idx, o.interface_idx as peer_interface
    from opened t
    join own o on o.source = t.peer_key
    where t.meaningful > 0
  ),
  answered_there as (
    select distinct a.day, a.protocol, a.port, not a.by_peer as by_peer, a.peer_interface as interface_idx, o.source as peer_key
    from answered a
    join own o using (interface_idx)
  ),
  probing as materialized (from probing_peers),
  scanners as (select * from probing where scanner),
  refused as (select source from probing where not scanner),
  scanning_interfaces as (select distinct interface_idx from own where source in (select source from scanners))
  select
    t.* exclude (peer_key, by_peer),
    case
      when (t.meaningful > 0 or a.day is not null) and coalesce(s.internal, true) then 'real'
      when t.protocol <> 6 and s.source is null and i.interface_idx is null
        and (is_internal(t.peer, t.peer6) or t.peer_key in (select source from own)) then 'real'
      when s.source is not null or i.interface_idx is not null or r.source is not null then 'scanner'
      else 'replyless'
    end as traffic_class
  from opened t
  left join answered_there a using (day, protocol, port, by_peer, interface_idx, peer_key)
  left join scanners s on s.source = case when t.by_peer then t.peer_key end
  left join refused r on r.source = case when t.by_peer then t.peer_key end
  left join scanning_interfaces i on i.interface_idx = case when not t.by_peer then t.interface_idx end;

-- members: how many rules of the set admitted it or may have, so that sole credit (1) is certain. matches: the rule matches
-- if the connection was opened by the end that the set stands for.
create view counted_members as
  select *, because in (0, {opener_unknown}) as matches, count(*) over (partition by rule_set_id) as members
  from rule_set_members;

-- The rules that a set of rules is credited to: those that match or, where there are none, those that may.
create view rule_sets as select rule_set_id, rule_id, matches as certain from counted_members where credited;

-- The rules that may have admitted what a set of rules stands for, credited or not.
create view possible_rules as
  select rule_set_id, rule_id, credited, because from rule_set_members where not certain;

-- The texts for the bits of causes: names, and what would settle each.
create macro texts_of_bits(texts, bits) as list_filter(texts, lambda text, place: (bits >> (place - 1)::integer) & 1 = 1);
create macro possible_causes(bits) as texts_of_bits([{possible_causes}], bits);
create macro settled_by(bits) as texts_of_bits([{settled_by}], bits);

-- real with one real connection; scanner_only where nothing is real and at least half of the connections are scanners';
-- replyless otherwise.
create macro usage_class(packets, connections, real_connections, scanner_connections) as case
  when coalesce(packets, 0) = 0 then 'none'
  when real_connections > 0 then 'real'
  when scanner_connections * 2 >= connections then 'scanner_only'
  else 'replyless'
end;

-- A row for every rule. Group rules count connections, network ACL entries records; peers and ports of entries are not
-- counted, and an entry with records has no class.
create view rule_usage as
  with group_rules as (
    select
      s.rule_id,
      sum(t.connections) filter (s.credited)::ubigint as connections,
      sum(t.connections) filter (s.credited and s.members = 1)::ubigint as sole_connections,
      sum(t.packets + t.reply_packets) filter (s.credited)::ubigint as packets,
      sum(t.bytes + t.reply_bytes) filter (s.credited)::ubigint as bytes,
      min(t.first_s) filter (s.credited) as first_s,
      max(t.last_s) filter (s.credited) as last_s,
      count(distinct address_key(t.peer, t.peer6)) filter (s.credited) as distinct_peers,
      count(distinct t.protocol::uinteger * 65536 + t.port) filter (s.credited) as distinct_ports,
      sum(t.connections) filter (s.credited and t.traffic_class = 'real')::ubigint as real_connections,
      sum(t.connections) filter (s.credited and t.traffic_class = 'scanner')::ubigint as scanner_connections,
      sum(t.connections) filter (not s.certain)::ubigint as possible_connections,
      sum(t.connections) filter (not s.certain and t.traffic_class <> 'scanner')::ubigint as possible_real_connections,
      bit_or(s.because) as because
    from classified_traffic t
    join counted_members s using (rule_set_id)
    group by all
  ),
  entries as (
    select
      j.nacl_rule_id as rule_id,
      sum(a.records)::ubigint as connections,
      sum(a.packets)::ubigint as packets,
      sum(a.bytes)::ubigint as bytes,
      min(a.first_s) as first_s,
      max(a.last_s) as last_s
    from activity a
    join judgements j using (judgement_id)
    where j.nacl_rule_id is not null
    group by all
  )
  select
    r.rule_id,
    coalesce(g.connections, e.connections, 0)::ubigint as connections,
    coalesce(g.sole_connections, e.connections, 0)::ubigint as sole_connections,
    coalesce(g.packets, e.packets, 0)::ubigint as packets,
    coalesce(g.bytes, e.bytes, 0)::ubigint as bytes,
    seconds_to_timestamp(coalesce(g.first_s, e.first_s)) as first_hit,
    seconds_to_timestamp(coalesce(g.last_s, e.last_s)) as last_hit,
    case when r.layer = 'sg' then coalesce(g.distinct_peers, 0) end as distinct_peers,
    case when r.layer = 'sg' then coalesce(g.distinct_ports, 0) end as distinct_ports,
    case when e.connections is null
      then usage_class(g.packets, g.connections, g.real_connections, g.scanner_connections) end as usage_class,
    case when r.layer = 'sg' then coalesce(g.real_connections, 0) end::ubigint as real_connections,
    case when r.layer = 'sg' then coalesce(g.scanner_connections, 0) end::ubigint as scanner_connections,
    case when r.layer = 'sg' then coalesce(g.possible_connections, 0) end::ubigint as possible_connections,
    case when r.layer = 'sg' then possible_causes(coalesce(g.because, 0)) end as possible_because,
    case when r.layer = 'sg' then coalesce(g.possible_real_connections, 0) end::ubigint as possible_real_connections
  from rules r
  left join group_rules g on r.layer = 'sg' and g.rule_id = r.rule_id
  left join entries e on r.layer = 'nacl' and e.rule_id = r.rule_id;

-- One row a rule and day with traffic; it outlives pruned flows.
create view rule_usage_daily as
  select
    s.rule_id,
    make_date(nullif(t.day, 0)::integer) as day,
    sum(t.connections)::ubigint as connections,
    coalesce(sum(t.connections) filter (s.members = 1), 0)::ubigint as sole_connections,
    sum(t.meaningful)::ubigint as meaningful_connections,
    sum(t.packets + t.reply_packets)::ubigint as packets,
    sum(t.bytes + t.reply_bytes)::ubigint as bytes
  from rule_traffic t
  join counted_members s using (rule_set_id)
  where s.credited
  group by all
  union all
  select
    j.nacl_rule_id,
    make_date(nullif(a.hour // 24, 0)::integer),
    sum(a.records)::ubigint,
    sum(a.records)::ubigint,
    null,
    sum(a.packets)::ubigint,
    sum(a.bytes)::ubigint
  from activity a
  join judgements j using (judgement_id)
  where j.nacl_rule_id is not null
  group by all;
