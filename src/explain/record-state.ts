import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Model, Snapshot } from "../model/model.ts";
import { formatAddress, IPV6 } from "../net/address.ts";
import { hasPorts, isIcmp, TCP } from "../net/protocols.ts";
import { type Connection, openedNothing, type ConnectionTracker, type DirectedRecord } from "./connection-tracker.ts";
import { bothAnswered, openedByFlags, type PortRanks, sideName, SYN, SYN_ACK } from "./initiators.ts";
import type { FlowRecord } from "./trace.ts";

/** Who opened the connection of a record, and what that was deduced from. */
export interface ReasonedInitiator {
  readonly initiator: Initiator;
  readonly evidence: InitiatorEvidence;
  readonly because: string;
}

/** By the record's own flags, else by its connection; for a rejected record without one, by weak evidence. */
export function initiatorOf(
  { record, direction }: DirectedRecord,
  connection: Connection | null,
  aclDenies: boolean,
  ranks: PortRanks,
): ReasonedInitiator {
  const flags = record.tcpFlags ?? 0;
  // A SYN-ACK that answers nothing in the log and passes the network ACL is backscatter of a spoofed SYN.
  const backscatter = connection === null && (flags & SYN_ACK) === SYN_ACK && !aclDenies;
  const byFlags = backscatter || (connection && bothAnswered(connection)) ? "unknown" : openedByFlags(flags, direction);
  if (byFlags !== "unknown") {
    const what = (flags & SYN_ACK) === SYN_ACK ? "answers a SYN" : "opens with a SYN";
    return { initiator: byFlags, evidence: "tcp_flags", because: `tcp-flags ${flags}: this packet ${what}` };
  }
  if (connection) return connection;
  if (record.action === null) {
    const because = "the record has no action: whether it opened a connection is not known";
    return { initiator: "unknown", evidence: "none", because };
  }
  if (direction === "egress" && aclDenies && answersAsServer(record, ranks)) {
    const because = `source port ${record.sourcePort} looks like a server's that answers`;
    return { initiator: "remote", evidence: "service_port", because };
  }
  const heard = direction === "egress" ? "local" : "remote";
  const because = `the log has no connection that it could answer, so the ${sideName(heard)} is taken for the initiator`;
  return { initiator: heard, evidence: "only_direction", because };
}

function answersAsServer({ protocol, sourcePort, destinationPort }: FlowRecord, ranks: PortRanks): boolean {
  if (protocol === null || !hasPorts(protocol)) return false;
  return ranks(protocol, sourcePort ?? 0) - ranks(protocol, destinationPort ?? 0) >= 2;
}

/** The evidence is too weak to call a packet that may pass a mismatch. Without ports nothing tells requests from replies. */
export function isWeakEvidence(record: FlowRecord, evidence: InitiatorEvidence): boolean {
  if (record.protocol === null || !hasPorts(record.protocol)) return true;
  const weak = ["policy", "lower_port", "likelier_port", "only_direction", "none"].includes(evidence);
  return record.action === "ACCEPT" && weak;
}

/**
 * The record is a TCP packet of no tracked connection: a packet without SYN for which the log has no connection, a packet
 * that opened nothing, or the rejected RST that answers one. Without flags a RST is known by its length. If the network ACL
 * may have stopped it, the packet that it answers must be as short, or that may have been a SYN.
 */
export function isOutOfState(
  { record, direction }: DirectedRecord,
  connection: Connection | null,
  { evidence }: ReasonedInitiator,
  aclDenies: boolean,
): boolean {
  if (connection === null) {
    const bare = record.protocol === TCP && record.tcpFlags !== null && (record.tcpFlags & SYN) === 0;
    return bare && record.action === "REJECT" && evidence === "only_direction";
  }
  if (!openedNothing(connection)) return false;
  if (record.action === "ACCEPT") return true;
  const heardBefore = direction === "egress" ? connection.firstOut : connection.firstIn;
  if (connection.protocol !== TCP || record.packets !== 1 || heardBefore !== null) return false;
  const bare = connection.local.family === IPV6 ? 60 : 40;
  return connection.flagsKnown || ((record.bytes ?? 0) <= bare && (!aclDenies || connection.bytes <= bare));
}

/** A REJECT that is no SYN and begins after `lastBefore`, the latest end of the accepted records of its connection. */
export function isLate(record: FlowRecord, lastBefore: number | null): boolean {
  return lastBefore !== null && (record.start ?? 0) >= lastBefore && ((record.tcpFlags ?? 0) & SYN_ACK) !== SYN;
}

/**
 * An ICMP packet between two hosts that have a flow of another protocol: it may be an error about that flow, unless it was
 * rejected and is as long as a packet of `ping` (84 bytes on Linux, 60 on Windows, 20 more over IPv6).
 */
export function isRelated({ record, local, remote }: DirectedRecord, tracker: ConnectionTracker): boolean {
  if (record.protocol === null || !isIcmp(record.protocol)) return false;
  const packetBytes = (record.bytes ?? 0) / (record.packets ?? 0) - (remote.family === IPV6 ? 20 : 0);
  if (record.action !== "ACCEPT" && (packetBytes === 84 || packetBytes === 60)) return false;
  const [here, there] = [formatAddress(local), formatAddress(remote)];
  return tracker.connections.some(
    (one) =>
      one.interfaceId === record.interfaceId &&
      !(one.protocol !== null && isIcmp(one.protocol)) &&
      formatAddress(one.local) === here &&
      formatAddress(one.remote) === there,
  );
}

/** An accepted ICMP packet without an answer: no echo, but maybe an error from a router on the path of a flow. */
export function isUnanswered({ record, direction }: DirectedRecord, connection: Connection | null): boolean {
  if (record.protocol === null || !isIcmp(record.protocol) || record.action !== "ACCEPT" || !connection) return false;
  return (direction === "egress" ? connection.firstIn : connection.firstOut) === null;
}

/**
 * Seconds before and after a record within which a change of the configuration may concern it: `start` and `end` may be off
 * by up to 60 s (VPC User Guide, "Flow log records"), and a change takes a moment to act.
 */
const TOLERANCE = 60;

/** The configurations that may have decided a record. */
export interface InForce {
  /** Snapshots that have the interface: the one in force at the record's start, then the others by time. */
  readonly snapshots: readonly Snapshot[];
  /** The same if no snapshot has the interface: those that have the rest of its network. */
  readonly ofOthers?: readonly Snapshot[];
  /** Only snapshots that were not in force have the interface; the nearest of them is taken. */
  readonly elsewhere: boolean;
  readonly because: string;
}

export function snapshotsInForce(model: Model, record: FlowRecord): InForce {
  const all = model.snapshots;
  const knows = (snapshot: Snapshot): boolean => snapshot.interfaces.has(record.interfaceId);
  if (all.length === 0) return { snapshots: [], elsewhere: false, because: "there is no model" };
  const at = (time: number): number =>
    Math.max(
      0,
      all.findLastIndex((snapshot, index) => index === 0 || (snapshot.since ?? -Infinity) <= time),
    );
  const newest = all.length - 1;
  const first = record.start === null ? newest : at(record.start);
  const earliest = record.start === null ? newest : at(record.start - TOLERANCE);
  const latest = record.end === null ? newest : at(record.end + TOLERANCE);
  const during = all.slice(earliest, latest + 1);
  const inForce = [all[first], ...during.filter((snapshot) => snapshot !== all[first])];
  if (inForce.some(knows)) {
    return { snapshots: inForce.filter(knows), elsewhere: false, because: whyInForce(all, record, during) };
  }
  const distance = (snapshot: Snapshot): number => Math.abs(all.indexOf(snapshot) - first);
  const nearest = all.filter(knows).sort((one, other) => distance(one) - distance(other))[0];
  if (!nearest) {
    const because = whyInForce(all, record, during);
    return { snapshots: [], ofOthers: inForce, elsewhere: false, because };
  }
  return {
    snapshots: [nearest],
    elsewhere: true,
    because: "those in force do not know the interface; the nearest that does",
  };
}

function whyInForce(all: readonly Snapshot[], { start, action }: FlowRecord, during: readonly Snapshot[]): string {
  if (all.length === 1) return "the model has one configuration";
  if (start === null) return "the newest";
  if (all[0].since !== null && start < all[0].since)
    return "the earliest: the model knows nothing of the time before it";
  if (during.length > 1) return `a change is near: ${during.map((one) => one.name).join(", ")}`;
  return action === null ? "in force at that time" : "in force all through the record";
}
