import { type Field, fieldNamed, FIELDS } from "./fields.ts";

/**
 * What others call the fields, besides AWS's own names in any spelling (`srcAddr`, `src_addr`, `SRCADDR`). The first name
 * that a table has is asked first; where it has no value, the next. Names in a document carry those of the objects around
 * them.
 */
const NAMES_OF_OTHERS: Readonly<Record<string, string>> = {
  // Athena's older table, Steampipe, OCSF (class 4001), Elastic Common Schema
  "account-id": "account accountuid interface_account_id cloud.account.uid cloud.account_uid cloud.account.id",
  "interface-id":
    "eni eni_id network_interface_id interface src_endpoint.interface_uid dst_endpoint.interface_uid src_endpoint.interface_name dst_endpoint.interface_name",
  srcaddr:
    "sourceaddress source_addr src_address src_ip source_ip srcip sourceip src_endpoint.ip source.ip source.address",
  dstaddr:
    "destinationaddress destination_addr dst_address dest_address dst_ip dest_ip destination_ip dst_endpoint.ip destination.ip destination.address",
  "pkt-srcaddr": "packet_srcaddr pkt_source_address pkt_src_ip",
  "pkt-dstaddr": "packet_dstaddr pkt_destination_address pkt_dst_ip",
  srcport: "sourceport source_port src_port src_endpoint.port source.port",
  dstport: "destinationport destination_port dst_port dest_port dst_endpoint.port destination.port",
  protocol:
    "protocol_num protocol_number protocol_id protocol_code iana_number connection_info.protocol_num network.iana_number proto protocol_name connection_info.protocol_name network.transport transport",
  packets: "numpackets num_packets packet_count traffic.packets network.packets source.packets",
  bytes: "numbytes num_bytes byte_count traffic.bytes network.bytes source.bytes",
  start: "starttime start_time start_timestamp window_start start_time_dt event.start",
  end: "endtime end_time end_timestamp window_end end_time_dt event.end",
  // Splunk's add-on keeps AWS's word beside one of its own.
  action: "vpcflow_action disposition activity_name",
  "log-status": "logstatus status_code",
  "tcp-flags": "connection_info.tcp_flags",
  "flow-direction": "connection_info.direction",
  "vpc-id": "src_endpoint.vpc_uid dst_endpoint.vpc_uid",
  "subnet-id": "src_endpoint.subnet_uid dst_endpoint.subnet_uid",
  "instance-id": "src_endpoint.instance_uid dst_endpoint.instance_uid cloud.instance.id",
  region: "cloud.region",
  "az-id": "cloud.zone",
  "pkt-src-aws-service": "src_endpoint.svc_name",
  "pkt-dst-aws-service": "dst_endpoint.svc_name",
  version: "metadata.product.version",
};

/** Objects in a document that hold fields under AWS's own names. */
const PREFIXES = /^(?:aws\.vpcflow|fields)\./;

/** A field that a column holds; of several columns of one field, the lowest rank is asked first. */
export interface NamedColumn {
  readonly field: Field;
  readonly rank: number;
}

const squeeze = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

const BY_NAME = new Map<string, NamedColumn>(FIELDS.map((field) => [squeeze(field.name), { field, rank: 1 }]));
for (const [name, others] of Object.entries(NAMES_OF_OTHERS)) {
  for (const [index, other] of others.split(" ").entries()) {
    if (!BY_NAME.has(squeeze(other))) BY_NAME.set(squeeze(other), { field: fieldNamed(name)!, rank: index + 2 });
  }
}

/** The field meant by a column of an export: also `srcAddr`, `Account ID`, `sourceaddress`, `src_endpoint.ip`. */
export function columnNamed(name: string): NamedColumn | undefined {
  const bare = name.trim().replace(PREFIXES, "");
  // A column of CloudWatch Logs itself: `@timestamp`.
  if (bare.startsWith("@")) return undefined;
  const exact = fieldNamed(bare);
  return exact === undefined ? BY_NAME.get(squeeze(bare)) : { field: exact, rank: 0 };
}

/** The same, the field alone. */
export function fieldNamedLoosely(name: string): Field | undefined {
  return columnNamed(name)?.field;
}
