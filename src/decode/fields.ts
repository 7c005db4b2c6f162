import { AppError } from "../errors.ts";
import { IPV4 } from "../net/address.ts";
import {
  FAMILY_SHIFT,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
} from "./flow-batch.ts";

// How the text of a field is read. Several fields share a kind; `target` tells them apart.
export const SKIP = 0;
export const NUMBER = 1; // digits that are checked and dropped: `version`
export const NAME = 2;
export const ADDRESS = 3;
export const PORT = 4;
export const OCTET = 5;
export const COUNT = 6;
export const TIME = 7;
export const ACTION = 8;
export const STATUS = 9;
export const DIRECTION = 10;
export const REJECT_REASON = 11;
export type FieldKind = number;

// The slot of a value in a record draft (record.ts), numbered within its kind.
export const INTERFACE = 0;
export const ACCOUNT = 1;
export const SRC = 0;
export const DST = 1;
export const PKT_SRC = 2;
export const PKT_DST = 3;
export const PROTOCOL = 0;
export const TCP_FLAGS = 1;
export const PACKETS = 0;
export const BYTES = 1;
export const START = 0;
export const END = 1;

export interface Field {
  /** Name in a header line or log format. */
  readonly name: string;
  /** First record version that has it; 6 is transit gateway flow logs only. */
  readonly version: number;
  readonly kind: FieldKind;
  readonly target: number;
}

const READ: Readonly<Record<string, readonly [FieldKind, number]>> = {
  version: [NUMBER, 0],
  "account-id": [NAME, ACCOUNT],
  "interface-id": [NAME, INTERFACE],
  srcaddr: [ADDRESS, SRC],
  dstaddr: [ADDRESS, DST],
  "pkt-srcaddr": [ADDRESS, PKT_SRC],
  "pkt-dstaddr": [ADDRESS, PKT_DST],
  srcport: [PORT, SRC],
  dstport: [PORT, DST],
  protocol: [OCTET, PROTOCOL],
  "tcp-flags": [OCTET, TCP_FLAGS],
  packets: [COUNT, PACKETS],
  bytes: [COUNT, BYTES],
  start: [TIME, START],
  end: [TIME, END],
  action: [ACTION, 0],
  "log-status": [STATUS, 0],
  "flow-direction": [DIRECTION, 0],
  "reject-reason": [REJECT_REASON, 0],
};

const fields = (version: number, names: string): Field[] =>
  names.split(" ").map((name) => {
    const [kind, target] = READ[name] ?? [SKIP, 0];
    return { name, version, kind, target };
  });

/** Every field of VPC flow logs v2-v11, and those of transit gateway flow logs (v6). [VPC User Guide, Flow log records] */
export const FIELDS: readonly Field[] = [
  ...fields(
    2,
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
  ),
  ...fields(3, "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr"),
  ...fields(4, "region az-id sublocation-type sublocation-id"),
  ...fields(5, "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"),
  ...fields(
    6,
    "resource-type tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id " +
      "tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id " +
      "packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired",
  ),
  ...fields(
    7,
    "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id " +
      "ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id",
  ),
  ...fields(8, "reject-reason"),
  ...fields(9, "resource-id"),
  ...fields(10, "encryption-status"),
  ...fields(
    11,
    "instance-tag instance-tag-2 interface-tag interface-tag-2 asg-tag asg-tag-2 interface-type next-hop-interface-id " +
      "next-hop-subnet-id next-hop-az-id next-hop-vpc-id next-hop-interface-type",
  ),
];

/** The default format: the fields of version 2 in their fixed order. */
export const DEFAULT_FIELDS: readonly string[] = FIELDS.filter((field) => field.version === 2).map(({ name }) => name);

const squeeze = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

const BY_NAME = new Map(FIELDS.map((field) => [field.name, field]));
const BY_LOOSE_NAME = new Map(FIELDS.map((field) => [squeeze(field.name), field]));
// Column names of Athena's older table definition and of CloudWatch Logs Insights.
for (const [alias, name] of Object.entries({
  account: "account-id",
  sourceaddress: "srcaddr",
  destinationaddress: "dstaddr",
  sourceport: "srcport",
  destinationport: "dstport",
  numpackets: "packets",
  numbytes: "bytes",
  starttime: "start",
  endtime: "end",
})) {
  BY_LOOSE_NAME.set(alias, BY_NAME.get(name)!);
}

/** The field of a header line: AWS's own spelling, or with underscores as in Parquet and Athena. */
export function fieldNamed(name: string): Field | undefined {
  return BY_NAME.get(name.includes("_") ? name.replaceAll("_", "-") : name);
}

/** The field meant by a column of an export: also `srcAddr`, `Account ID`, `sourceaddress`. */
export function fieldNamedLoosely(name: string): Field | undefined {
  return BY_LOOSE_NAME.get(squeeze(name));
}

/**
 * The field list of a flow log: `srcaddr dstaddr ...`, with commas, or as AWS prints it (`${srcaddr} ${dstaddr}`).
 * Returns AWS's spellings; an unknown name is an E_USAGE error.
 */
export function parseFieldList(text: string): string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  if (names.length === 0) throw new AppError("E_USAGE", "the field list is empty", { hint: FIELD_LIST_HINT });
  return names.map((name) => {
    const field = fieldNamedLoosely(name);
    if (!field)
      throw new AppError("E_USAGE", `unknown flow log field ${JSON.stringify(name)}`, { hint: FIELD_LIST_HINT });
    return field.name;
  });
}

const FIELD_LIST_HINT =
  'give the LogFormat of the flow log, e.g. "version account-id interface-id srcaddr dstaddr srcport dstport protocol ..."';

/** Number of fields in the default format. */
export const DEFAULT_COUNT = DEFAULT_FIELDS.length;

/** The order of the fields of a record, compiled for the tokenisers. */
export interface Layout {
  readonly names: readonly string[];
  readonly kinds: Uint8Array;
  readonly targets: Uint8Array;
  /** Bits of an IPv4 record that has a value in every field. */
  readonly fullBits: number;
  /** Usable, and both halves of every pair (addresses, ports, times) are there: the fast tokeniser may take it. */
  readonly scannable: boolean;
  readonly hasTimes: boolean;
  readonly hasInterface: boolean;
  readonly hasAccount: boolean;
  /** The fourteen default fields come first, in their order. */
  readonly startsWithDefault: boolean;
  /** Why no line of this layout can be a record; null for a usable one. */
  readonly unusable: "transit_gateway_record" | "no_usable_field" | null;
}

/** Compiles a field list. Unknown names are fields of a later version: counted, not read. */
export function compileLayout(names: readonly string[]): Layout {
  const fields = names.map((name) => fieldNamed(name));
  const has = (kind: FieldKind, target: number): boolean =>
    fields.some((field) => field?.kind === kind && field.target === target);
  let fullBits = 0;
  let paired = true;
  const pair = (kind: FieldKind, first: number, second: number, bits: number): void => {
    const both = has(kind, first) && has(kind, second);
    if (both) fullBits |= bits;
    else if (has(kind, first) || has(kind, second)) paired = false;
  };
  pair(ADDRESS, SRC, DST, IPV4 << FAMILY_SHIFT);
  pair(ADDRESS, PKT_SRC, PKT_DST, IPV4 << PKT_FAMILY_SHIFT);
  pair(PORT, SRC, DST, HAS_PORTS);
  pair(TIME, START, END, HAS_TIMES);
  if (has(OCTET, PROTOCOL)) fullBits |= HAS_PROTOCOL;
  if (has(OCTET, TCP_FLAGS)) fullBits |= HAS_TCP_FLAGS;
  if (has(COUNT, PACKETS)) fullBits |= HAS_PACKETS;
  if (has(COUNT, BYTES)) fullBits |= HAS_BYTES;
  const hasInterface = has(NAME, INTERFACE);
  const transitGateway = fields.some((field) => field?.version === 6) && !hasInterface;
  const usable = hasInterface || has(ADDRESS, SRC) || has(ADDRESS, DST);
  const unusable = transitGateway ? "transit_gateway_record" : usable ? null : "no_usable_field";
  return {
    names,
    kinds: Uint8Array.from(fields, (field) => field?.kind ?? SKIP),
    targets: Uint8Array.from(fields, (field) => field?.target ?? 0),
    fullBits,
    scannable: paired && unusable === null,
    hasTimes: (fullBits & HAS_TIMES) !== 0,
    hasInterface,
    hasAccount: has(NAME, ACCOUNT),
    startsWithDefault: DEFAULT_FIELDS.every((name, index) => fields[index]?.name === name),
    unusable,
  };
}
