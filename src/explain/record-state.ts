import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Model, Snapshot } from "../model/model.ts";
import { formatAddress, IPV6 } from "../net/address.ts";
import { hasPorts, isIcmp, TCP } from "../net/protocols.ts";
import { type Connection, isStray, type Memory, type Sighting } from "./connection-tracker.ts";
import { bothAnswered, openedByFlags, type PortRanks, sideName } from "./initiators.ts";
import type { FlowRecord } from "./trace.ts";

const SYN = 2;
const SYN_ACK = 18;

/** Who opened the connection of a record, and by what that was told. */
export interface Opener {
  readonly initiator: Initiator;
  readonly evidence: InitiatorEvidence;
  readonly because: string;
}

/** The record's own flags first, then its connection, then for a rejected record of no known connection a surmise. */
export function openerOf(
  { record, direction }: Sighting,
  connection: Connection | null,
  aclDenies: boolean,
  ranks: PortRanks,
): Opener {
  const flags = record.tcpFlags ?? 0;
  // A SYN-ACK that answers nothing in the log and that the network ACL lets pass was scattered here by a stranger.
  const scattered = connection === null && (flags & SYN_ACK) === SYN_ACK && !aclDenies;
  const byFlags = scattered || (connection && bothAnswered(connection)) ? "unknown" : openedByFlags(flags, direction);
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
  const because = `the log holds no connection that it could answer: the ${sideName(heard)} is taken to begin one`;
  return { initiator: heard, evidence: "only_direction", because };
}

function answersAsServer({ protocol, sourcePort, destinationPort }: FlowRecord, ranks: PortRanks): boolean {
  if (protocol === null || !hasPorts(protocol)) return false;
  return ranks(protocol, sourcePort ?? 0) - ranks(protocol, destinationPort ?? 0) >= 2;
}

/** Evidence too weak to call a passing packet a mismatch. Without ports nothing tells requests from replies. */
export function isSurmise(record: FlowRecord, evidence: InitiatorEvidence): boolean {
  if (record.protocol === null || !hasPorts(record.protocol)) return true;
  const weak = ["policy", "lower_port", "likelier_port", "only_direction", "none"].includes(evidence);
  return record.action === "ACCEPT" && weak;
}

/**
 * The record is a TCP packet of no connection: one without SYN that the log shows no connection for, or one that opened
 * none, or the rejected RST that answers such a one. Without flags a RST is known by its length; where the network ACL may
 * be what stopped it, what it answers must be as short, or it may have been a SYN.
 */
export function isOfNoConnection(
  { record, direction }: Sighting,
  connection: Connection | null,
  { evidence }: Opener,
  aclDenies: boolean,
): boolean {
  if (connection === null) {
    const bare = record.protocol === TCP && record.tcpFlags !== null && (record.tcpFlags & SYN) === 0;
    return bare && record.action === "REJECT" && evidence === "only_direction";
  }
  if (!isStray(connection)) return false;
  if (record.action === "ACCEPT") return true;
  const heardBefore = direction === "egress" ? connection.firstOut : connection.firstIn;
  if (connection.protocol !== TCP || record.packets !== 1 || heardBefore !== null) return false;
  const bare = connection.local.family === IPV6 ? 60 : 40;
  return connection.flagsKnown || ((record.bytes ?? 0) <= bare && (!aclDenies || connection.bytes <= bare));
}

/**
 * REJECT that does not open a connection and begins when all of one that was accepted before it has ended: `lastBefore` is
 * the latest end of that.
 */
export function isLate(record: FlowRecord, lastBefore: number | null): boolean {
  return lastBefore !== null && (record.start ?? 0) >= lastBefore && ((record.tcpFlags ?? 0) & SYN_ACK) !== SYN;
}

/**
 * An ICMP packet between two hosts that have a flow of another protocol: it may be an error about that flow, unless it was
 * refused and is as long as the packets of `ping` (84 bytes on Linux, 60 on Windows, 20 more over IPv6).
 */
export function isRelated({ record, local, remote }: Sighting, memory: Memory): boolean {
  if (record.protocol === null || !isIcmp(record.protocol)) return false;
  const each = (record.bytes ?? 0) / (record.packets ?? 0) - (remote.family === IPV6 ? 20 : 0);
  if (record.action !== "ACCEPT" && (each === 84 || each === 60)) return false;
  const [here, there] = [formatAddress(local), formatAddress(remote)];
  return memory.all.some(
    (one) =>
      one.interfaceId === record.interfaceId &&
      !(one.protocol !== null && isIcmp(one.protocol)) &&
      formatAddress(one.local) === here &&
      formatAddress(one.remote) === there,
  );
}

/** An accepted ICMP packet that nothing was sent back to: no echo, and maybe an error from a router on the way of a flow. */
export function isUnanswered({ record, direction }: Sighting, connection: Connection | null): boolean {
  if (record.protocol === null || !isIcmp(record.protocol) || record.action !== "ACCEPT" || !connection) return false;
  return (direction === "egress" ? connection.firstIn : connection.firstOut) === null;
}

/**
 * Seconds around a record in which a change of the configuration may still, or already, act on it: `start` and `end` may be
 * off by up to 60 s (VPC User Guide, "Flow log records"), and a change takes a moment to act.
 */
const TOLERANCE = 60;

/** The configurations that may have decided a record. */
export interface InForce {
  /** Those that know the interface; the one in force at the record's start first, then in order of time. */
  readonly snapshots: readonly Snapshot[];
  /** The interface stands only in snapshots that were not in force; the nearest of them is taken. */
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
      all.findLastIndex((snapshot, place) => place === 0 || (snapshot.since ?? -Infinity) <= time),
    );
  const newest = all.length - 1;
  const first = record.start === null ? newest : at(record.start);
  const earliest = record.start === null ? newest : at(record.start - TOLERANCE);
  const latest = record.end === null ? newest : at(record.end + TOLERANCE);
  const during = all.slice(earliest, latest + 1);
  const inForce = [all[first], ...during.filter((snapshot) => snapshot !== all[first])].filter(knows);
  if (inForce.length > 0) {
    return { snapshots: inForce, elsewhere: false, because: whyInForce(all, record, during) };
  }
  const distance = (snapshot: Snapshot): number => Math.abs(all.indexOf(snapshot) - first);
  const nearest = all.filter(knows).sort((one, other) => distance(one) - distance(other))[0];
  if (!nearest) return { snapshots: [], elsewhere: false, because: "no configuration knows the interface" };
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
