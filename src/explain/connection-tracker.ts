import type { Initiator, InitiatorEvidence } from "../judgement.ts";
import type { Direction, Model, NetworkInterface, Snapshot } from "../model/model.ts";
import { type Address, IPV6 } from "../net/address.ts";
import { hasPorts, TCP } from "../net/protocols.ts";
import type { FlowRecord } from "./trace.ts";

/** A connection at an interface, as its accepted records show it. Both directions are one connection. */
export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly localPort: number | null;
  readonly remotePort: number | null;
  readonly protocol: number | null;
  readonly interfaceId: string;
  /** Earliest start of its records in each direction; null before there is one. */
  firstOut: number | null;
  firstIn: number | null;
  /** Latest end. */
  last: number;
  /** Start and end of each of its records. */
  readonly spans: { readonly start: number; readonly end: number }[];
  /** TCP flags seen from the interface, and towards it. */
  flagsOut: number;
  flagsIn: number;
  /** Some record carried the field tcp-flags. */
  flagsKnown: boolean;
  packetsOut: number;
  packetsIn: number;
  bytes: number;
  /** Its earliest record, and the configurations and the interface's direction under which that one was judged. */
  opened: { readonly at: number; readonly record: FlowRecord; readonly under: readonly Opening[] };
  initiator: Initiator;
  evidence: InitiatorEvidence;
  /** What told the initiator, in words. */
  because: string;
}

export interface Opening {
  readonly snapshot: Snapshot;
  readonly networkInterface: NetworkInterface;
}

/** Where a record belongs: its connection's key, and what it adds to it. */
export interface Sighting {
  readonly record: FlowRecord;
  readonly direction: Direction;
  readonly local: Address;
  readonly remote: Address;
  readonly under: readonly Opening[];
}

/** A record's connection, and the latest end of what was accepted of it before the record; null where nothing was. */
export interface Found {
  readonly connection: Connection;
  readonly lastBefore: number | null;
}

export interface Memory {
  /** From here on records are judged together: what was entered before counts as earlier than they are. */
  begin(): void;
  /**
   * The connection of a record that was not accepted: the youngest of its key that began before it and is still remembered,
   * else one that begins within a minute (times are off by up to that).
   */
  find(sighting: Sighting): Found | null;
  /** Enters an accepted record: into the youngest connection of its key, or a new one when that one has long been silent. */
  enter(sighting: Sighting): Connection;
  readonly all: readonly Connection[];
}

export function createMemory(model: Model): Memory {
  const all: Connection[] = [];
  /** Youngest last. */
  const byKey = new Map<string, Connection[]>();
  let earlier = new Map<Connection, number>();
  return {
    all,
    begin: () => void (earlier = new Map(all.map((one) => [one, one.last]))),
    find(sighting) {
      const start = sighting.record.start ?? 0;
      let next: Found | null = null;
      for (const connection of (byKey.get(keyOf(sighting)) ?? []).toReversed()) {
        if (connection.opened.at <= start) {
          const before = connection.spans.filter((span) => span.start <= start).map((span) => span.end);
          const lastBefore = Math.max(earlier.get(connection) ?? 0, ...before);
          const after = connection.protocol === TCP ? AFTER_TCP : INEXACT;
          const remembered = start <= lastBefore + idleSeconds(connection, model) + after;
          return remembered ? { connection, lastBefore } : next;
        }
        if (connection.opened.at <= start + INEXACT) next = { connection, lastBefore: null };
      }
      return next;
    },
    enter(sighting) {
      const key = keyOf(sighting);
      const known = byKey.get(key)?.at(-1);
      const start = sighting.record.start ?? 0;
      const goesOn = known !== undefined && start <= known.last + idleSeconds(known, model);
      const connection = goesOn ? known : begin(sighting);
      if (!goesOn) {
        byKey.set(key, [...(byKey.get(key) ?? []), connection]);
        all.push(connection);
      }
      add(connection, sighting);
      return connection;
    },
  };
}

/** Times of records are off by up to a minute. */
const INEXACT = 60;
/** Seconds after its time-out for which a connection of TCP is remembered: its ends may go on for minutes. */
const AFTER_TCP = 600;
const TCP_IDLE = 350;
const TCP_IDLE_WITH_HISTORY = 432_000;
const LOAD_BALANCER_UDP_IDLE = 120;

/**
 * Seconds of silence after which a record belongs to a new connection (EC2 User Guide, "Idle connection tracking timeout"):
 * UDP 30 s for an exchange, 180 s for a stream, TCP 350 s on newer instances, or what the interface sets itself; UDP 120 s
 * and TCP 350 s at a Network Load Balancer; other protocols 600 s. Where the configuration has a history TCP gets the long time-out of older instances, or a connection that
 * idles and outlives its rule would look new.
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
 * A TCP packet that opened nothing: one packet, without SYN, or where records carry no flags, as short as a bare header.
 * A stateful firewall judges it by the rules of its direction and remembers nothing.
 */
export function isStray(connection: Connection): boolean {
  if (connection.protocol !== TCP || connection.packetsOut + connection.packetsIn !== 1) return false;
  if (connection.flagsKnown) return ((connection.flagsOut | connection.flagsIn) & 2) === 0;
  const asIpv4 = connection.bytes - (connection.local.family === IPV6 ? 20 : 0);
  // 44 and 48 bytes: options that only a SYN has.
  return asIpv4 <= BARE_HEADER && asIpv4 !== 44 && asIpv4 !== 48;
}

/** The ports at the interface and at the peer. A record without any (a fragment has none) shows both as 0. */
export function portsOf(
  { sourcePort, destinationPort }: FlowRecord,
  direction: Direction,
): readonly [number | null, number | null] {
  if (sourcePort === 0 && destinationPort === 0) return [null, null];
  return direction === "egress" ? [sourcePort, destinationPort] : [destinationPort, sourcePort];
}

function begin({ record, direction, local, remote, under }: Sighting): Connection {
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

function add(connection: Connection, { record, direction, under }: Sighting): void {
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

function keyOf({ record, direction, local, remote }: Sighting): string {
  const [source, destination] = [record.sourcePort ?? 0, record.destinationPort ?? 0];
  const ports = direction === "egress" ? [source, destination] : [destination, source];
  const ends = [local.words.join("."), remote.words.join("."), ...ports];
  return [record.interfaceId, record.protocol ?? 0, local.family, ...ends].join("|");
}
