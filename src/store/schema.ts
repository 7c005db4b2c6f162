import { FURTHER_FIELDS } from "../decode/further-fields.ts";

/** Raised whenever a table changes its meaning, or reports need a new view. Evidence files of another version are refused. */
export const SCHEMA_VERSION = 9;

/** `tcp_flags` of a stored record without that field, and the place of its `flow-direction` (1 ingress, 2 egress) there. */
export const NO_TCP_FLAGS = 256;
export const FLOW_DIRECTION_SHIFT = 9;

const FURTHER_COLUMNS = FURTHER_FIELDS.map((name) => `${name.replaceAll("-", "_")} varchar`).join(", ");

/**
 * The tables. Facts are narrow columns of numbers; whatever repeats (names, verdicts, rules) stands once in a dimension
 * table. Users read the views of queries/views/, whose names and columns are documented.
 */
export const TABLES = /* sql */ `
create table schema_info (version integer, tool_version varchar);

-- One row for each replay: what was run, with which model, and how far it got.
create table runs (
  run_id uinteger, tool_version varchar, started_at timestamp, finished_at timestamp, state varchar,
  arguments varchar, model varchar, model_hash varchar,
  records ubigint, bad_lines ubigint, objects ubigint, evicted_connections ubigint, retries ubigint);

-- The configuration that each run judged with, so that other configurations can be compared with it without any file.
-- content: gzip JSON (src/model/model-json.ts), once for equal models.
create table models (model_key varchar, content blob);
create table run_models (run_id uinteger, model_key varchar);

-- The ledger. A row and the records of its object are committed together.
create table objects (
  object_id uinteger, source_object varchar, etag varchar, size ubigint, object_time timestamp,
  records ubigint, bad_lines ubigint, first_time timestamp, last_time timestamp, duplicates ubigint,
  run_id uinteger, ingested_at timestamp, state varchar);

-- owner_ids: the groups and network ACLs that stood on the interface in any snapshot; the rest is the newest snapshot's.
-- known_from, known_until: when the interface was attached, and when the history of the configuration loses it.
create table interface_dim (
  interface_idx uinteger, interface_id varchar, modelled boolean, account_id varchar, vpc_id varchar, subnet_id varchar,
  instance_id varchar, interface_type varchar, description varchar, name varchar,
  group_ids varchar[], addresses varchar[], owner_ids varchar[], known_from timestamp, known_until timestamp);

-- Every distinct judgement, once.
create table judgements (
  judgement_id uinteger, account_id varchar, direction varchar, initiator varchar, initiator_evidence varchar,
  action varchar, log_status varchar, verdict varchar, agreement varchar, decided_by varchar, cause varchar,
  nacl_in varchar, sg_in varchar, sg_out varchar, nacl_out varchar, reject_reason varchar,
  nacl_rule_id varchar, sg_rule_ids varchar[], sg_possible_rule_ids varchar[], snapshot varchar);

-- Sets of security group rules that admit a connection together, or may. certain: the rule matches in every possible world.
-- credited: the connection counts for it. because: why it is not certain, as bits of POSSIBLE_CAUSES (judgement.ts).
create table rule_set_members (
  rule_set_id uinteger, rule_id varchar, certain boolean default true, credited boolean default true,
  because usmallint default 0);

-- Rules of every snapshot; valid_from/valid_to are null where the model has no times. unlogged: for traffic alone that no
-- flow log shows. undecidable_by: the cause for which records cannot always tell whether the rule matched
-- (icmp_type_unknown, unresolved_reference, nlb_client_ip), else null.
create table rule_dim (
  rule_id varchar, layer varchar, owner_id varchar, owner_name varchar, direction varchar, rule_number integer,
  action varchar, protocol varchar, from_port integer, to_port integer, peer varchar, description varchar,
  open_to_world boolean, attached_interfaces uinteger, snapshot varchar, valid_from timestamp, valid_to timestamp,
  origin_file varchar, origin_pointer varchar, unlogged boolean, undecidable_by varchar);

-- A plain record: IPv4, every default field present, no packet-level address of its own.
-- start_s: Unix seconds; duration: end - start in seconds. tcp_flags: 256 if the record has none; the flow-direction of
-- the record, if it has one, adds 512 (ingress) or 1024 (egress). One column with fields:
-- DuckDB counts the distinct values of every column that is appended, but not those of fields; that saves a fifth of the
-- time. Read it by the view flow_rows: fields are read and filtered like columns.
create table plain_records (record struct(
  object_id uinteger, line uinteger, interface_idx uinteger, start_s uinteger, duration uinteger,
  src uinteger, dst uinteger, srcport usmallint, dstport usmallint, protocol utinyint,
  packets ubigint, bytes ubigint, tcp_flags usmallint, judgement_id uinteger));

-- The same for records with further fields, of which a set has a number: so that others do without the column.
create table plain_records_further (record struct(
  object_id uinteger, line uinteger, interface_idx uinteger, start_s uinteger, duration uinteger,
  src uinteger, dst uinteger, srcport usmallint, dstport usmallint, protocol utinyint,
  packets ubigint, bytes ubigint, tcp_flags usmallint, judgement_id uinteger, further_id uinteger));

-- Sets of fields that records are not judged by, and that many records share. further_id: from 1 on.
create table further_fields (further_id uinteger, ${FURTHER_COLUMNS});

-- Any other record: IPv6, absent fields (null), packet-level addresses that differ.
create table flow_rows_wide (
  object_id uinteger, line uinteger, interface_idx uinteger, start_s uinteger, duration uinteger,
  src uinteger, dst uinteger, srcport usmallint, dstport usmallint, protocol utinyint,
  packets ubigint, bytes ubigint, tcp_flags usmallint, judgement_id uinteger,
  src6 uhugeint, dst6 uhugeint, pkt_src uinteger, pkt_dst uinteger, pkt_src6 uhugeint, pkt_dst6 uhugeint,
  further_id uinteger);

-- Sums per interface, hour and answer: overview, NACL usage, daily counts. Partial rows: sum them.
-- hour: Unix seconds / 3600.
create table activity (
  hour uinteger, interface_idx uinteger, judgement_id uinteger,
  records ubigint, packets ubigint, bytes ubigint, first_s uinteger, last_s uinteger);

-- Connections as the tracker saw them, summed per day, interface, rule set, peer and service port. Partial rows: sum them.
-- day: Unix seconds / 86400. direction: 1 ingress, 2 egress (of the initiator). family: 1 IPv4 (peer), 2 IPv6 (peer6).
-- connections: opened; replied: answered, also if the network ACL dropped the answer; meaningful: replied, and in real use
-- (src/evaluate/facts/real-use.ts); reset: ended by RST before it became meaningful. packets/bytes: initiator to responder; reply_*: back.
-- One column with fields, as in plain_records; read it by the view rule_traffic.
create table traffic_sums (traffic struct(
  day uinteger, interface_idx uinteger, rule_set_id uinteger, direction utinyint, protocol utinyint, port usmallint,
  peer uinteger, peer6 uhugeint,
  connections uinteger, replied uinteger, meaningful uinteger, reset uinteger,
  packets ubigint, bytes ubigint, reply_packets ubigint, reply_bytes ubigint, first_s uinteger, last_s uinteger));

-- Minutes with log evidence, one bit a minute of the hour (bit 0 = minute 0). Partial rows: bit_or them.
create table coverage_minutes (
  hour uinteger, interface_idx uinteger, ok_minutes ubigint, nodata_minutes ubigint, skip_minutes ubigint,
  accepted ubigint, rejected ubigint);

-- field, value: what could not be read, where it was a single field.
create table bad_line_rows (object_id uinteger, line uinteger, reason varchar, text varchar, field varchar, value varchar);

-- The evaluator's memory of open connections, for the next run: entries as bytes (src/evaluate/dense/packed-entries.ts), and as
-- JSON the lookups and IPv6 addresses they refer to. Packed already: DuckDB need not compress it.
create table tracker_connections (entries blob using compression uncompressed);
create table tracker_state (content varchar);

-- What \`prune\` removed, and what is kept of it: who probed, and how long intervals were (also for records that --no-flows
-- never stored).
create table prunes (pruned_at timestamp, before timestamp, records ubigint);
create table pruned_probers (source ubigint, scanner boolean, internal boolean);
create table pruned_intervals (interface_idx uinteger, longest ubigint);
`;

/** Their names. A file may hold other tables, which nothing here reads or copies. */
export const TABLE_NAMES: readonly string[] = [...TABLES.matchAll(/^create table (\w+)/gm)].map(([, name]) => name);
