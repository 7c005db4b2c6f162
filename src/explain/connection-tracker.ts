import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Direction, Model, NetworkInterface, Snapshot } from "../model/model.ts";
import { type Address, IPV6 } from "../net/address.ts";
import { hasPorts, TCP } from "../net/protocols.ts";
import type { FlowRecord } from "./trace.ts";

/** A connection at an interface, as its accepted records show it. Both directions belong to one connection. */
export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly localPort: number | null;
  readonly remotePort: number | null;
  readonly protocol: number | null;
  readonly interfaceId: string;
  /** Earliest start of its records in each direction; null when there is none. */
  firstOut: number | null;
  firstIn: number | null;
  /** Latest end. */
  last: number;
  /** Start and end of each of its records. */
  readonly spans: { readonly start: number; readonly end: number }[];
  /** TCP flags seen from the interface, and towards it. */
  flagsOut: number;
  flagsIn: number;
  /** A record had the field tcp-flags. */
  flagsKnown: boolean;
  packetsOut: number;
  packetsIn: number;
  bytes: number;
  /** Its earliest record, and the configurations under which that record was judged. */
  opened: { readonly at: number; readonly record: FlowRecord; readonly under: readonly Configuration[] };
  initiator: Initiator;
  evidence: InitiatorEvidence;
  /** What the initiator was deduced from, in words. */
  because: string;
}

/** A snapshot, and the interface as that snapshot has it. */
export interface Configuration {
  readonly snapshot: Snapshot;
  readonly networkInterface: NetworkInterface;
}

/** A record with its direction, its endpoints and the configurations that may have decided it. */
export interface DirectedRecord {
  readonly record: FlowRecord;
  readonly direction: Direction;
  readonly local: Address;
  readonly remote: Address;
  readonly under: readonly Configuration[];
}

/** A record's connection, and the latest end of its accepted records before this one; null when there were none. */
export interface FoundConnection {
  readonly connection: Connection;
  readonly lastBefore: number | null;
}

export interface ConnectionTracker {
  /** Begins a batch of records that are judged together: what was tracked until now counts as earlier than all of them. */
  beginBatch(): void;
  /**
   * The connection of a record that was not accepted: the youngest between its endpoints that began before it and has not
   * timed out. Otherwise one that begins within a minute, because times are off by up to that.
   */
  find(directed: DirectedRecord): FoundConnection | null;
  /** Adds an accepted record to the youngest connection between its endpoints, or to a new one if that has timed out. */
  track(directed: DirectedRecord): Connection;
  readonly connections: readonly Connection[];
}

export function createConnectionTracker(model: Model): ConnectionTracker {
  const connections: Connection[] = [];
  /** Youngest last. */
  const byKey = new Map<string, Connection[]>();
  let lastBeforeBatch = new Map<Connection, number>();
  return {
    connections,
    beginBatch: () => void (lastBeforeBatch = new Map(connections.map((one) => [one, one.last]))),
    find(directed) {
      const start = directed.record.start ?? 0;
      let next: FoundConnection | null = null;
      for (const connection of (byKey.get(keyOf(directed)) ?? []).toReversed()) {
        if (connection.opened.at <= start) {
          const before = connection.spans.filter((span) => span.start <= start).map((span) => span.end);
          const lastBefore = Math.max(lastBeforeBatch.get(connection) ?? 0, ...before);
          const after = connection.protocol === TCP ? AFTER_TCP : INEXACT;
          const isTracked = start <= lastBefore + idleSeconds(connection, model) + after;
          return isTracked ? { connection, lastBefore } : next;
        }
        if (connection.opened.at <= start + INEXACT) next = { connection, lastBefore: null };
      }
      return next;
    },
    track(directed) {
      const key = keyOf(directed);
      const start = directed.record.start ?? 0;
      let connection = byKey.get(key)?.at(-1);
      if (!connection || start > connection.last + idleSeconds(connection, model)) {
        connection = emptyConnection(directed);
        byKey.set(key, [...(byKey.get(key) ?? []), connection]);
        connections.push(connection);
      }
      add(connection, directed);
      return connection;
    },
  };
}

/** Times of records are off by up to a minute. */
const INEXACT = 60;
/** Seconds after its timeout for which a TCP connection is still found: its endpoints may go on sending for minutes. */
const AFTER_TCP = 600;
const TCP_IDLE = 350;
const TCP_IDLE_WITH_HISTORY = 432_000;
const LOAD_BALANCER_UDP_IDLE = 120;

/**
 * Seconds of silence after which a record belongs to a new connection (EC2 User Guide, "Idle connection tracking timeout"):
 * UDP 30 s for an exchange, 180 s for a stream, TCP 350 s on newer instances, or what the interface sets itself; UDP 120 s
 * and TCP 350 s at a Network Load Balancer; other protocols 600 s. If the model has several snapshots, TCP gets the long
 * timeout of older instances: otherwise an idle connection that outlives its rule would look new.
 */
function idleSeconds({ protocol, interfaceId, packetsOut, packetsIn }: Connection, { snapshots }: Model): number {
  if (protocol === null || !hasPorts(protocol)) return 600;
  const known = snapshots.findLast((one) => one.interfaces.has(interfaceId))?.interfaces.get(interfaceId);
  if (known?.type === "network_load_balancer") return protocol === TCP ? TCP_IDLE : LOAD_BALANCER_UDP_IDLE;
  const own = known?.tracking;
  if (protocol === TCP) return own?.tcpEstablished ?? (snapshots.length > 1 ? TCP_IDLE_WITH_HISTORY : TCP_IDLE);
  return packetsOut > 1 && packetsIn > 1 ? (own?.udpStream ?? 180) : (own?.udpSingle ?? 30);
}

const BARE_HEADER = 52;

/**
 * The connection is a single TCP packet that opened nothing: it has no SYN or, in records without flags, is as short as a
 * bare header. A stateful firewall judges it by the rules of its direction and tracks no connection.
 */
export function openedNothing(connection: Connection): boolean {
  if (connection.protocol !== TCP || connection.packetsOut + connection.packetsIn !== 1) return false;
  if (connection.flagsKnown) return ((connection.flagsOut | connection.flagsIn) & 2) === 0;
  const asIpv4 = connection.bytes - (connection.local.family === IPV6 ? 20 : 0);
  // 44 and 48 bytes: options that only a SYN has.
  return asIpv4 <= BARE_HEADER && asIpv4 !== 44 && asIpv4 !== 48;
}

/** The ports at the interface and at the peer. A record of a packet without ports, such as a fragment, has 0 in both. */
export function portsOf(
  { sourcePort, destinationPort }: FlowRecord,
  direction: Direction,
): readonly [number | null, number | null] {
  if (sourcePort === 0 && destinationPort === 0) return [null, null];
  return direction === "egress" ? [sourcePort, destinationPort] : [destinationPort, sourcePort];
}

function emptyConnection({ record, direction, local, remote, under }: DirectedRecord): Connection {
  const [localPort, remotePort] = portsOf(record, direction);
  return {
    local,
    remote,
    localPort,
    remotePort,
    protocol: record.protocol,
    interfaceId: record.interfaceId,
    firstOut: null,
    firstIn: null,
    last: 0,
    spans: [],
    flagsOut: 0,
    flagsIn: 0,
    flagsKnown: false,
    packetsOut: 0,
    packetsIn: 0,
    bytes: 0,
    opened: { at: Infinity, record, under },
    initiator: "unknown",
    evidence: "none",
    because: "",
  };
}

function add(connection: Connection, { record, direction, under }: DirectedRecord): void {
  const [start, end] = [record.start ?? 0, record.end ?? 0];
  const packets = record.packets ?? 0;
  if (direction === "egress") {
    connection.firstOut = Math.min(connection.firstOut ?? start, start);
    connection.flagsOut |= record.tcpFlags ?? 0;
    connection.packetsOut += packets;
  } else {
    connection.firstIn = Math.min(connection.firstIn ?? start, start);
    connection.flagsIn |= record.tcpFlags ?? 0;
    connection.packetsIn += packets;
  }
  connection.bytes += record.bytes ?? 0;
  connection.flagsKnown ||= record.tcpFlags !== null;
  connection.last = Math.max(connection.last, end);
  connection.spans.push({ start, end });
  if (start < connection.opened.at) connection.opened = { at: start, record, under };
}

function keyOf({ record, direction, local, remote }: DirectedRecord): string {
  const [source, destination] = [record.sourcePort ?? 0, record.destinationPort ?? 0];
  const ports = direction === "egress" ? [source, destination] : [destination, source];
  const key = [local.words.join("."), remote.words.join("."), ...ports];
  return [record.interfaceId, record.protocol ?? 0, local.family, ...key].join("|");
}
