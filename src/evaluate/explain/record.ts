import {
  ACTION_MASK,
  DIRECTION_SHIFT,
  FAMILY_SHIFT,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TCP_FLAGS,
  HAS_TIMES,
  PKT_FAMILY_SHIFT,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
  type FlowBatch,
} from "../../decode/flow-batch.ts";
import { IPV4, IPV6, type Address } from "../../net/address.ts";
import type { Direction } from "../../policy/model.ts";

/** One flow log record in plain words; what it does not carry is null. Times in Unix seconds. */
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
