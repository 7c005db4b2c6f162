import {
  ACTION_MASK,
  DIRECTION_SHIFT,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
} from "../decode/flow-batch.ts";
import type { Agreement, Cause, Decision, Initiator, InitiatorEvidence, Layer, Verdict } from "../judgement.ts";
import type { Direction } from "../model/model.ts";
import { type Address, IPV4, IPV6 } from "../net/address.ts";

/** Whether a condition or a rule matches; `perhaps` when the record or the model does not tell. */
export type Certainty = "yes" | "no" | "perhaps";

/** Why it is not certain that a rule matches. */
export type MatchDoubt = Extract<
  Cause,
  "icmp_type_unknown" | "unresolved_reference" | "nlb_client_ip" | "peer_not_in_model" | "field_absent"
>;

/** One part of a rule, matched with the packet: `port 443`, `10.0.1.5 is not in 10.0.2.0/24`. */
export interface Condition {
  readonly on: "protocol" | "port" | "icmp" | "peer";
  readonly matches: Certainty;
  readonly because: string;
}

/** One rule or entry that was looked at. Conditions stop at the first that does not match. */
export interface RuleTrace {
  readonly ruleId: string;
  /** The rule in words: `allow tcp 443 from 0.0.0.0/0`. */
  readonly text: string;
  readonly description: string;
  readonly matches: Certainty;
  readonly conditions: readonly Condition[];
}

/** One layer: its answer, the reason for it, and the rules that were looked at, in order. */
export interface LayerTrace {
  readonly layer: Layer;
  readonly decision: Decision;
  readonly because: string;
  /** The groups of the interface, or the network ACL of its subnet. */
  readonly owners: readonly string[];
  readonly rules: readonly RuleTrace[];
}

/** Something that is settled before the layers are asked, and the reason. */
export interface Step {
  readonly about: "snapshot" | "interface" | "direction" | "peer" | "path" | "initiator" | "state";
  readonly answer: string;
  readonly because: string;
}

/** The record under one configuration. */
export interface WalkTrace {
  readonly snapshot: string;
  readonly initiator: Initiator;
  readonly layers: readonly LayerTrace[];
  readonly verdict: Verdict;
  readonly decidedBy: Layer | null;
}

/** The answer for a record, with the names of the view `flows`. */
export interface NamedJudgement {
  readonly direction: Direction | null;
  readonly initiator: Initiator;
  readonly evidence: InitiatorEvidence;
  readonly verdict: Verdict;
  /** Null for a hypothetical flow. */
  readonly agreement: Agreement | null;
  readonly decidedBy: Layer | null;
  readonly cause: Cause | null;
  readonly layers: Readonly<Record<Layer, Decision | null>>;
  readonly naclRuleId: string | null;
  /** Every security group rule that admits the connection; and every rule that may. */
  readonly sgRuleIds: readonly string[];
  readonly sgPossibleIds: readonly string[];
  readonly snapshot: string | null;
}

/** Everything that led to the answer for one record. */
export interface Explanation {
  readonly record: FlowRecord;
  readonly judgement: NamedJudgement;
  readonly steps: readonly Step[];
  /** The record under each configuration that was tried, in order; the last one gave the answer. */
  readonly walks: readonly WalkTrace[];
  readonly conclusion: string;
}

/** One flow log record; fields that it does not have are null. Times in Unix seconds. */
export interface FlowRecord {
  readonly interfaceId: string;
  readonly accountId: string;
  readonly source: Address | null;
  readonly destination: Address | null;
  /** `pkt-srcaddr` and `pkt-dstaddr`: the original packet's addresses. */
  readonly packetSource: Address | null;
  readonly packetDestination: Address | null;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly protocol: number | null;
  readonly packets: number | null;
  readonly bytes: number | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly tcpFlags: number | null;
  readonly action: "ACCEPT" | "REJECT" | null;
  readonly logStatus: "OK" | "NODATA" | "SKIPDATA";
  /** `flow-direction`. */
  readonly direction: Direction | null;
  readonly rejectReason: "BPA" | "EC" | "other" | null;
}

/** The rows of a batch as records; ids are those of the decoder's dictionaries. */
export function recordsOf(batch: FlowBatch, interfaces: readonly string[], accounts: readonly string[]): FlowRecord[] {
  return Array.from({ length: batch.rows }, (_, row) => {
    const bits = batch.bits[row];
    const two = (shift: number): number => (bits >>> shift) & 3;
    const when = (flag: number, value: number): number | null => ((bits & flag) === 0 ? null : value);
    const address = (shift: number, value: number): Address | null => {
      if (two(shift) === 0) return null;
      if (two(shift) === IPV4) return { family: IPV4, words: [value] };
      return { family: IPV6, words: [...batch.addr6.subarray(value, value + 4)] };
    };
    return {
      interfaceId: interfaces[batch.interfaceId[row]],
      accountId: accounts[batch.accountId[row]],
      source: address(FAMILY_SHIFT, batch.src[row]),
      destination: address(FAMILY_SHIFT, batch.dst[row]),
      packetSource: address(PKT_FAMILY_SHIFT, batch.pktSrc[row]),
      packetDestination: address(PKT_FAMILY_SHIFT, batch.pktDst[row]),
      sourcePort: when(HAS_PORTS, batch.srcPort[row]),
      destinationPort: when(HAS_PORTS, batch.dstPort[row]),
      protocol: when(HAS_PROTOCOL, batch.protocol[row]),
      packets: when(HAS_PACKETS, batch.packets[row]),
      bytes: when(HAS_BYTES, batch.bytes[row]),
      start: when(HAS_TIMES, batch.start[row]),
      end: when(HAS_TIMES, batch.end[row]),
      tcpFlags: when(HAS_TCP_FLAGS, batch.tcpFlags[row]),
      action: ([null, "ACCEPT", "REJECT"] as const)[bits & ACTION_MASK],
      logStatus: (["OK", "NODATA", "SKIPDATA"] as const)[two(STATUS_SHIFT)],
      direction: ([null, "ingress", "egress"] as const)[two(DIRECTION_SHIFT)],
      rejectReason: ([null, "BPA", "EC", "other"] as const)[two(REJECT_REASON_SHIFT)],
    };
  });
}
