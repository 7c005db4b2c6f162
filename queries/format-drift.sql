-- title: Log objects in an unusual format
-- description: Log objects whose records have other fields than those of most objects (TCP flags, packet-level
--   addresses), or in which more than bad_share of the lines could not be read.
-- group: health
-- severity: low
-- param: bad_share number 0.01 From this share of bad lines an object is listed
with shapes as (
  select
    object_id,
    count(*) as records,
    count_if(tcp_flags = 256) * 2 > count(*) as without_tcp_flags,
    count_if(packets is null or bytes is null) * 2 > count(*) as without_counts,
    count_if(pkt_src is not null or pkt_dst is not null or pkt_src6 is not null or pkt_dst6 is not null) > 0 as with_packet_addresses
  from flow_facts
  group by all
),
usual as (
  select without_tcp_flags, without_counts
  from shapes
  group by all
  order by count(*) desc, without_tcp_flags, without_counts
  limit 1
)
select
  o.source_object,
  coalesce(s.records, 0) as records,
  coalesce(o.bad_lines, 0) as bad_lines,
  concat_ws(
    ', ',
    case when s.without_tcp_flags <> u.without_tcp_flags then case when s.without_tcp_flags then 'no TCP flags' else 'has TCP flags' end end,
    case when s.without_counts <> u.without_counts then case when s.without_counts then 'no packet counts' else 'has packet counts' end end,
    case when o.bad_lines > $bad_share * (coalesce(s.records, 0) + o.bad_lines) then 'many bad lines' end
  ) as difference,
  s.without_tcp_flags,
  s.with_packet_addresses,
  o.object_time
from objects o
left join shapes s using (object_id)
cross join usual u
where s.without_tcp_flags <> u.without_tcp_flags
  or s.without_counts <> u.without_counts
  or o.bad_lines > $bad_share * (coalesce(s.records, 0) + o.bad_lines)
order by o.source_object
