/** Raised whenever a table changes its meaning; an evidence file of another version is refused with a clear error. */
export const SCHEMA_VERSION = 6;

/**
 * The physical tables. Facts are narrow columns of numbers; whatever repeats (names, verdicts, rules) stands once in a
 * dimension table. Views with the documented names and columns follow in `VIEWS`.
 */
export const TABLES = /* sql */ `
create table schema_info (version integer, tool_version varchar);

-- One row a replay: what was run, with what model, how far it came.
create table runs (
  run_id uinteger, tool_version varchar, started_at timestamp, finished_at timestamp, state varchar,
  arguments varchar, model varchar, model_hash varchar,
  records ubigint, bad_lines ubigint, objects ubigint, evicted_connections ubigint, retries ubigint);

-- The configuration that each run judged with, so that other configurations can be compared with it without any file.
-- content: gzip JSON (policy/model-json.ts), once for equal models.
create table models (model_key varchar, content blob);
create table run_models (run_id uinteger, model_key varchar);

-- The ledger. A row and the records of its object are committed together.
create table objects (
  object_id uinteger, source_object varchar, etag varchar, size ubigint, object_time timestamp,
  records ubigint, bad_lines ubigint, first_time timestamp, last_time timestamp, duplicates ubigint,
  run_id uinteger, ingested_at timestamp, state varchar);

-- owner_ids: the groups and network ACLs that stood on the interface in any snapshot; the rest is the newest snapshot's.
create table interface_dim (
  interface_idx uinteger, interface_id varchar, modelled boolean, account_id varchar, vpc_id varchar, subnet_id varchar,
  instance_id varchar, interface_type varchar, description varchar, name varchar,
  group_ids varchar[], addresses varchar[], owner_ids varchar[]);

-- Every distinct answer of the evaluator, once.
create table judgements (
  judgement_id uinteger, account_id varchar, direction varchar, initiator varchar, initiator_evidence varchar,
  action varchar, log_status varchar, verdict varchar, agreement varchar, decided_by varchar, cause varchar,
  nacl_in varchar, sg_in varchar, sg_out varchar, nacl_out varchar, reject_reason varchar,
  nacl_rule_id varchar, rule_set_id uinteger, sg_rule_ids varchar[], snapshot varchar);

-- Sets of security group rules that admit a connection together. rule_set_id 0 is the empty set. certain: false where the
-- records cannot tell whether the rule matched (ICMP types, unresolved references) and no other rule did.
create table rule_sets (rule_set_id uinteger, rule_id varchar, certain boolean);

-- Rules of every snapshot; valid_from/valid_to are null where the model has no times. unlogged: for traffic alone that no
-- flow log shows. undecidable_by: the cause for which records cannot always tell whether the rule matched
-- (icmp_type_unknown, unresolved_reference, nlb_client_ip), else null.
create table rule_dim (
  rule_id varchar, layer varchar, owner_id varchar, owner_name varchar, direction varchar, rule_number integer,
  action varchar, protocol varchar, from_port integer, to_port integer, peer varchar, description varchar,
  open_to_world boolean, attached_interfaces uinteger, snapshot varchar, valid_from timestamp, valid_to timestamp,
  origin_file varchar, origin_pointer varchar, unlogged boolean, undecidable_by varchar);

-- A plain record: IPv4, every default field present, no packet-level address of its own.
-- start_s: Unix seconds; duration: end - start in seconds; tcp_flags 256: the record has none. One column with fields:
-- DuckDB counts the distinct values of every column while it is appended, fields excepted, a fifth of the time it takes.
-- Read it by the view flow_rows: fields are read and filtered like columns.
create table plain_records (record struct(
  object_id uinteger, line uinteger, interface_idx uinteger, start_s uinteger, duration uinteger,
  src uinteger, dst uinteger, srcport usmallint, dstport usmallint, protocol utinyint,
  packets ubigint, bytes ubigint, tcp_flags usmallint, judgement_id uinteger));

-- Any other record: IPv6, absent fields (null), packet-level addresses that differ.
create table flow_rows_wide (
  object_id uinteger, line uinteger, interface_idx uinteger, start_s uinteger, duration uinteger,
  src uinteger, dst uinteger, srcport usmallint, dstport usmallint, protocol utinyint,
  packets ubigint, bytes ubigint, tcp_flags usmallint, judgement_id uinteger,
  src6 uhugeint, dst6 uhugeint, pkt_src uinteger, pkt_dst uinteger, pkt_src6 uhugeint, pkt_dst6 uhugeint);

-- Sums per interface, hour and answer: overview, NACL usage, daily counts. Partial rows: sum them.
-- hour: Unix seconds / 3600.
create table activity (
  hour uinteger, interface_idx uinteger, judgement_id uinteger,
  records ubigint, packets ubigint, bytes ubigint, first_s uinteger, last_s uinteger);

-- Connections as the tracker saw them, summed per day, interface, rule set, peer and service port. Partial rows: sum them.
-- day: Unix seconds / 86400. direction: 1 ingress, 2 egress (of the initiator). family: 1 IPv4 (peer), 2 IPv6 (peer6).
-- connections: opened; replied: with packets both ways; meaningful: replied, above the floor of packets and bytes,
-- not reset at once; reset: ended by RST before it became meaningful. packets/bytes: initiator to responder; reply_*: back.
-- Fields for the reason that plain_records has them, and read by the view rule_traffic.
create table traffic_sums (traffic struct(
  day uinteger, interface_idx uinteger, rule_set_id uinteger, direction utinyint, protocol utinyint, port usmallint,
  peer uinteger, peer6 uhugeint,
  connections uinteger, replied uinteger, meaningful uinteger, reset uinteger,
  packets ubigint, bytes ubigint, reply_packets ubigint, reply_bytes ubigint, first_s uinteger, last_s uinteger));

-- Minutes with log evidence, one bit a minute of the hour (bit 0 = minute 0). Partial rows: bit_or them.
create table coverage_minutes (
  hour uinteger, interface_idx uinteger, ok_minutes ubigint, nodata_minutes ubigint, skip_minutes ubigint,
  accepted ubigint, rejected ubigint);

create table bad_line_rows (object_id uinteger, line uinteger, reason varchar, text varchar);

-- The evaluator's memory of open connections, for the next run: entries as bytes (src/evaluate/packed-entries.ts), and as
-- JSON the answers and IPv6 addresses they refer to. Packed already: DuckDB need not look for patterns.
create table tracker_connections (entries blob using compression uncompressed);
create table tracker_state (content varchar);

-- What \`prune\` took out of the records, and what its records had told: who had probed, and how long intervals were (these
-- also of records that --no-flows never kept).
create table prunes (pruned_at timestamp, before timestamp, records ubigint);
create table pruned_probers (source ubigint, scanner boolean, internal boolean);
create table pruned_intervals (interface_idx uinteger, longest ubigint);
`;

/** The documented interface of the evidence file. */
export const VIEWS = /* sql */ `
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

create macro seconds_to_timestamp(s) as make_timestamp(s::bigint * 1000000);

create view flow_rows as select record.* from plain_records;

create view rule_traffic as select traffic.* from traffic_sums;

create view flow_facts as
  select object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes,
    tcp_flags, judgement_id, null::uhugeint as src6, null::uhugeint as dst6, null::uinteger as pkt_src,
    null::uinteger as pkt_dst, null::uhugeint as pkt_src6, null::uhugeint as pkt_dst6
  from flow_rows
  union all by name
  select * from flow_rows_wide;

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
    coalesce(address_text(f.pkt_src, f.pkt_src6), address_text(f.src, f.src6)) as pkt_srcaddr,
    coalesce(address_text(f.pkt_dst, f.pkt_dst6), address_text(f.dst, f.dst6)) as pkt_dstaddr,
    j.initiator_evidence,
    j.nacl_in,
    j.sg_in,
    j.sg_out,
    j.nacl_out,
    j.reject_reason,
    j.snapshot
  from flow_facts f
  join judgements j using (judgement_id)
  join objects o using (object_id)
  join interface_dim i using (interface_idx);

-- Which interfaces a rule stands on (by group membership, or by subnet for NACL entries), in any snapshot.
create view rule_interfaces as
  select distinct r.rule_id, i.interface_idx
  from rule_dim r
  join (select interface_idx, unnest(owner_ids) as owner_id from interface_dim) i using (owner_id);

create view interfaces as select * from interface_dim;

create view sources as select * from objects;

create view bad_lines as
  select o.source_object, b.line, b.reason, b.text from bad_line_rows b join objects o using (object_id);

create view run_manifest as select * from runs;

-- The newest snapshot's reading of a rule wins; the dates say when it existed.
create view rules as
  select
    rule_id, layer, owner_id, owner_name, direction, rule_number, action, protocol, from_port, to_port, peer,
    description, open_to_world, attached_interfaces, snapshot, valid_from, valid_to, origin_file, origin_pointer,
    unlogged, undecidable_by
  from rule_dim
  qualify row_number() over (partition by rule_id order by valid_from desc nulls last) = 1;
`;
