import { IPV4 } from "../net/address.ts";
import * as B from "./flow-batch.ts";

// The kind of a field says how its text is read.
export const SKIP = 0;
export const NUMBER = 1; // digits that are checked and dropped: `version`
export const NAME = 2;
export const ADDRESS = 3;
export const PORT = 4;
export const OCTET = 5;
export const COUNT = 6;
export const TIME = 7;
// Words that become bits (WORDS).
export const ACTION = 8;
export const STATUS = 9;
export const DIRECTION = 10;
const REJECT_REASON = 11;
/** Kept beside the record, as part of a set (further-fields.ts). */
export const EXTRA = 12;
export type FieldKind = number;

// The target tells fields of one kind apart: the index of the column among those of the kind (FlowBatch).
export const INTERFACE = 0;
export const ACCOUNT = 1;
export const SRC = 0;
export const DST = 1;
export const PKT_SRC = 2;
export const PKT_DST = 3;
export const PROTOCOL = 0;
const TCP_FLAGS = 1;
const PACKETS = 0;
const BYTES = 1;
export const START = 0;
export const END = 1;

export interface Field {
  /** Name in a header line or log format. */
  readonly name: string;
  /** First record version that has it; 6 is transit gateway flow logs only. */
  readonly version: number;
  readonly kind: FieldKind;
  readonly target: number;
  readonly bits: number;
}

/**
 * The fields that are read: kind, target, and the bits (FlowBatch) of a record that has a value. Two fields with the same
 * bits are a pair: a record has both values or none.
 */
const READ: Readonly<Record<string, readonly [kind: FieldKind, target: number, bits: number]>> = {
  version: [NUMBER, 0, 0],
  "account-id": [NAME, ACCOUNT, 0],
  "interface-id": [NAME, INTERFACE, 0],
  srcaddr: [ADDRESS, SRC, IPV4 << B.FAMILY_SHIFT],
  dstaddr: [ADDRESS, DST, IPV4 << B.FAMILY_SHIFT],
  "pkt-srcaddr": [ADDRESS, PKT_SRC, IPV4 << B.PKT_FAMILY_SHIFT],
  "pkt-dstaddr": [ADDRESS, PKT_DST, IPV4 << B.PKT_FAMILY_SHIFT],
  srcport: [PORT, SRC, B.HAS_PORTS],
  dstport: [PORT, DST, B.HAS_PORTS],
  protocol: [OCTET, PROTOCOL, B.HAS_PROTOCOL],
  "tcp-flags": [OCTET, TCP_FLAGS, B.HAS_TCP_FLAGS],
  packets: [COUNT, PACKETS, B.HAS_PACKETS],
  bytes: [COUNT, BYTES, B.HAS_BYTES],
  start: [TIME, START, B.HAS_TIMES],
  end: [TIME, END, B.HAS_TIMES],
  action: [ACTION, 0, 0],
  "log-status": [STATUS, 0, 0],
  "flow-direction": [DIRECTION, 0, 0],
  "reject-reason": [REJECT_REASON, 0, 0],
};

/** The words that a field may hold. */
export interface Words {
  /** The bits (FlowBatch) stand for the word. */
  readonly words: readonly { readonly text: string; readonly bits: number }[];
  /** What any other word is: bits, or the reason of a bad line. */
  readonly other: number | string;
  /** `-` is a word like any other, not an absent value. */
  readonly required?: true;
}

export const WORDS: Readonly<Record<FieldKind, Words | undefined>> = {
  [ACTION]: {
    words: [
      { text: "ACCEPT", bits: B.ACTION_ACCEPT },
      { text: "REJECT", bits: B.ACTION_REJECT },
    ],
    other: "invalid_action",
  },
  [STATUS]: {
    words: [
      { text: "OK", bits: B.STATUS_OK << B.STATUS_SHIFT },
      { text: "NODATA", bits: B.STATUS_NODATA << B.STATUS_SHIFT },
      { text: "SKIPDATA", bits: B.STATUS_SKIPDATA << B.STATUS_SHIFT },
    ],
    other: "invalid_log_status",
    required: true,
  },
  [DIRECTION]: {
    words: [
      { text: "ingress", bits: B.DIRECTION_INGRESS << B.DIRECTION_SHIFT },
      { text: "egress", bits: B.DIRECTION_EGRESS << B.DIRECTION_SHIFT },
    ],
    other: "invalid_direction",
  },
  [REJECT_REASON]: {
    words: [
      { text: "BPA", bits: B.REASON_BPA << B.REJECT_REASON_SHIFT },
      { text: "EC", bits: B.REASON_EC << B.REJECT_REASON_SHIFT },
    ],
    other: B.REASON_OTHER << B.REJECT_REASON_SHIFT,
  },
};

/** The bits of each target of a kind. */
export function bitsOfTargets(kind: FieldKind): number[] {
  const bits: number[] = [];
  for (const [of, target, own] of Object.values(READ)) if (of === kind) bits[target] = own;
  return bits;
}

const fields = (version: number, names: string): Field[] =>
  names.split(" ").map((name) => {
    // Those of transit gateways belong to records that are not judged.
    const [kind, target, bits] = READ[name] ?? [version === 6 ? SKIP : EXTRA, 0, 0];
    return { name, version, kind, target, bits };
  });

/** Every field of VPC flow logs v2-v11, and of transit gateway flow logs (v6). [VPC User Guide, Flow log records] */
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

const BY_NAME = new Map(FIELDS.map((field) => [field.name, field]));

/** The field of a header line: AWS's own spelling, or with underscores as in Parquet and Athena. */
export function fieldNamed(name: string): Field | undefined {
  return BY_NAME.get(name.includes("_") ? name.replaceAll("_", "-") : name);
}

/** Number of fields in the default format. */
export const DEFAULT_COUNT = DEFAULT_FIELDS.length;

const WITH_BITS = FIELDS.filter(({ bits }) => bits !== 0);
/** Pairs of fields, and single ones, each with their bits. */
const PAIRS = [...new Set(WITH_BITS.map(({ bits }) => bits))].map((bits) => ({
  bits,
  names: WITH_BITS.filter((field) => field.bits === bits).map(({ name }) => name),
}));

/** The order of the fields of a record, compiled for the scanner and the parser. */
export interface Layout {
  readonly names: readonly string[];
  readonly kinds: Uint8Array;
  readonly targets: Uint8Array;
  /** Bits of an IPv4 record that has a value in every field. */
  readonly fullBits: number;
  /** Usable, with both fields of every pair: the scanner may take it. */
  readonly scannable: boolean;
  readonly hasTimes: boolean;
  readonly hasInterface: boolean;
  readonly hasAccount: boolean;
  /** How many fields from this one on are EXTRA, if the one before is not; else 0. */
  readonly extraRuns: Uint8Array;
  readonly hasExtra: boolean;
  /** The fourteen default fields come first, in their order. */
  readonly startsWithDefault: boolean;
  /** Why no line of this layout can be a record; null for a usable one. */
  readonly unusable: "transit_gateway_record" | "no_usable_field" | null;
}

/** Fields of a layout that the scanner takes: more than AWS has. Their runs fit into its memory (dense/further-sets.ts). */
const MOST_FIELDS = 128;

/** Compiles a field list. Unknown names are fields of a later version: counted, not read. */
export function compileLayout(names: readonly string[]): Layout {
  const fields = names.map((name) => fieldNamed(name));
  const has = (name: string): boolean => fields.some((field) => field?.name === name);
  let fullBits = 0;
  let isPaired = true;
  for (const pair of PAIRS) {
    if (pair.names.every(has)) fullBits |= pair.bits;
    else if (pair.names.some(has)) isPaired = false;
  }
  const hasInterface = has("interface-id");
  const transitGateway = fields.some((field) => field?.version === 6) && !hasInterface;
  const usable = hasInterface || has("srcaddr") || has("dstaddr");
  const unusable = transitGateway ? "transit_gateway_record" : usable ? null : "no_usable_field";
  const kinds = Uint8Array.from(fields, (field) => field?.kind ?? SKIP);
  return {
    names,
    kinds,
    targets: Uint8Array.from(fields, (field) => field?.target ?? 0),
    fullBits,
    scannable: isPaired && unusable === null && kinds.length <= MOST_FIELDS,
    hasTimes: (fullBits & B.HAS_TIMES) !== 0,
    hasInterface,
    extraRuns: runsOf(kinds, EXTRA),
    hasExtra: kinds.includes(EXTRA),
    hasAccount: has("account-id"),
    startsWithDefault: DEFAULT_FIELDS.every((name, index) => fields[index]?.name === name),
    unusable,
  };
}

/** At the first of each run of fields of a kind: how many they are. */
function runsOf(kinds: Uint8Array, kind: FieldKind): Uint8Array {
  const runs = new Uint8Array(kinds.length);
  for (let at = 0, first = 0; at < kinds.length; at++) {
    if (kinds[at] !== kind) continue;
    if (at === 0 || kinds[at - 1] !== kind) first = at;
    runs[first] = at - first + 1;
  }
  return runs;
}

/** The columns of a batch whose fields the layout lacks, names excepted. */
export function absentColumns(batch: B.FlowBatch, layout: Layout): { fill(value: number, from: number): unknown }[] {
  const { addresses, ports, octets, counts, times } = batch;
  const columns: Record<FieldKind, readonly { fill(value: number, from: number): unknown }[]> = {
    [ADDRESS]: addresses,
    [PORT]: ports,
    [OCTET]: octets,
    [COUNT]: counts,
    [TIME]: times,
  };
  const absent = WITH_BITS.filter(({ bits }) => (layout.fullBits & bits) === 0).map(
    ({ kind, target }) => columns[kind][target],
  );
  return layout.hasExtra ? absent : [...absent, batch.further];
}
