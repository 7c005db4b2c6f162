-- The documented views of the evidence file, and addresses as text.

create macro ipv4_text(a) as
  concat((a >> 24)::varchar, '.', ((a >> 16) & 255)::varchar, '.', ((a >> 8) & 255)::varchar, '.', (a & 255)::varchar);

create macro ipv6_groups(a) as
  printf('%x:%x:%x:%x:%x:%x:%x:%x',
    ((a >> 112) & 65535)::bigint, ((a >> 96) & 65535)::bigint, ((a >> 80) & 65535)::bigint, ((a >> 64) & 65535)::bigint,
    ((a >> 48) & 65535)::bigint, ((a >> 32) & 65535)::bigint, ((a >> 16) & 65535)::bigint, (a & 65535)::bigint);

-- RFC 5952: the first of the longest runs of two or more zero groups becomes '::'. A list of one, so that the groups are
-- written once in a query's plan and not once a case.
create macro ipv6_text(a) as list_transform([ipv6_groups(a)], lambda g: case
  when g = '0:0:0:0:0:0:0:0' then '::'
  when regexp_matches(g, '(^|:)0(:0){6}(:|$)') then regexp_replace(g, '(^|:)0(:0){6}(:|$)', '::')
  when regexp_matches(g, '(^|:)0(:0){5}(:|$)') then regexp_replace(g, '(^|:)0(:0){5}(:|$)', '::')
  when regexp_matches(g, '(^|:)0(:0){4}(:|$)') then regexp_replace(g, '(^|:)0(:0){4}(:|$)', '::')
  when regexp_matches(g, '(^|:)0(:0){3}(:|$)') then regexp_replace(g, '(^|:)0(:0){3}(:|$)', '::')
  when regexp_matches(g, '(^|:)0(:0){2}(:|$)') then regexp_replace(g, '(^|:)0(:0){2}(:|$)', '::')
  when regexp_matches(g, '(^|:)0:0(:|$)') then regexp_replace(g, '(^|:)0:0(:|$)', '::')
  else g
end)[1];

-- Text of an address stored in two columns; null when both are null.
create macro address_text(a4, a6) as case when a4 is not null then ipv4_text(a4) when a6 is not null then ipv6_text(a6) end;

-- 0 stands for the time of a record without times: no record is of 1970 (src/decode/times.ts).
create macro seconds_to_timestamp(s) as make_timestamp(nullif(s, 0)::bigint * 1000000);

create view flow_rows as
  select record.*, null::uinteger as further_id from plain_records
  union all
  select record.* from plain_records_further;

-- With the traffic that is counted for rules that may have admitted it only.
create view possible_traffic as select traffic.* from traffic_sums;

-- Each connection once: where its opener is not known, the rules of the less likely one have a row of their own.
create view rule_traffic as
  select t.*
  from possible_traffic t
  anti join (select rule_set_id from rule_set_members group by all having not bool_or(credited)) using (rule_set_id);

create view flow_facts as
  select object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes,
    (tcp_flags & 511)::usmallint as tcp_flags, judgement_id, null::uhugeint as src6, null::uhugeint as dst6, null::uinteger as pkt_src,
    null::uinteger as pkt_dst, null::uhugeint as pkt_src6, null::uhugeint as pkt_dst6, further_id
  from flow_rows
  union all by name
  select * replace ((tcp_flags & 511)::usmallint as tcp_flags) from flow_rows_wide;

create view flows as
  select
    o.source_object,
    f.line,
    seconds_to_timestamp(f.start_s) as start_time,
    seconds_to_timestamp(f.start_s + f.duration) as end_time,
    j.account_id,
    i.interface_id,
    j.direction,
    j.initiator,
    address_text(f.src, f.src6) as srcaddr,
    address_text(f.dst, f.dst6) as dstaddr,
    f.srcport,
    f.dstport,
    f.protocol,
    f.packets,
    f.bytes,
    nullif(f.tcp_flags, 256) as tcp_flags,
    j.action,
    j.log_status,
    j.verdict,
    j.agreement,
    j.decided_by,
    j.cause,
    j.nacl_rule_id,
    j.sg_rule_ids,
    j.sg_possible_rule_ids,
    coalesce(address_text(f.pkt_src, f.pkt_src6), address_text(f.src, f.src6)) as pkt_srcaddr,
    coalesce(address_text(f.pkt_dst, f.pkt_dst6), address_text(f.dst, f.dst6)) as pkt_dstaddr,
    j.initiator_evidence,
    j.nacl_in,
    j.sg_in,
    j.sg_out,
    j.nacl_out,
    j.reject_reason,
    j.snapshot,
    x.vpc_id,
    x.subnet_id,
    x.instance_id,
    x.type,
    x.region,
    x.az_id,
    x.sublocation_type,
    x.sublocation_id,
    x.pkt_src_aws_service,
    x.pkt_dst_aws_service,
    try_cast(x.traffic_path as utinyint) as traffic_path,
    x.ecs_cluster_arn,
    x.ecs_cluster_name,
    x.ecs_container_instance_arn,
    x.ecs_container_instance_id,
    x.ecs_container_id,
    x.ecs_second_container_id,
    x.ecs_service_name,
    x.ecs_task_definition_arn,
    x.ecs_task_arn,
    x.ecs_task_id,
    x.resource_id,
    try_cast(x.encryption_status as utinyint) as encryption_status,
    x.instance_tag,
    x.instance_tag_2,
    x.interface_tag,
    x.interface_tag_2,
    x.asg_tag,
    x.asg_tag_2,
    x.interface_type,
    x.next_hop_interface_id,
    x.next_hop_subnet_id,
    x.next_hop_az_id,
    x.next_hop_vpc_id,
    x.next_hop_interface_type
  from flow_facts f
  join judgements j using (judgement_id)
  join objects o using (object_id)
  join interface_dim i using (interface_idx)
  left join further_fields x using (further_id);

-- Which interfaces a rule stands on (by group membership, or by subnet for NACL entries), in any snapshot.
create view rule_interfaces as
  select distinct r.rule_id, i.interface_idx
  from rule_dim r
  join (select interface_idx, unnest(owner_ids) as owner_id from interface_dim) i using (owner_id);

create view interfaces as select * from interface_dim;

create view sources as select * from objects;

create view bad_lines as
  select o.source_object, b.line, b.reason, b.field, b.value, b.text from bad_line_rows b join objects o using (object_id);

create view run_manifest as select * from runs;

-- The newest snapshot's reading of a rule wins; the dates say when it existed.
create view rules as
  select
    rule_id, layer, owner_id, owner_name, direction, rule_number, action, protocol, from_port, to_port, peer,
    description, open_to_world, attached_interfaces, snapshot, valid_from, valid_to, origin_file, origin_pointer,
    unlogged, undecidable_by
  from rule_dim
  qualify row_number() over (partition by rule_id order by valid_from desc nulls last) = 1;
