import { IPV6 } from "../../net/address.ts";
import { TCP, UDP } from "../../policy/services.ts";
import type { AddressPool } from "./address-pool.ts";
import type { ConnectionTable } from "./connections.ts";
import { INTERFACE, KIND, LAST, LOCAL, REMOTE, STRIDE, TOTAL_PACKETS } from "./layout.ts";

/** Idle time-outs of connection tracking, in seconds, for all interfaces but those that set their own. */
export interface IdleTimeouts {
  readonly tcpEstablished: number;
  readonly udpStream: number;
  readonly udpSingle: number;
  readonly ofInterface: ReadonlyMap<number, OwnTimeouts>;
}

interface OwnTimeouts {
  readonly tcpEstablished: number | null;
  readonly udpStream: number | null;
  readonly udpSingle: number | null;
}

/**
 * Seconds without a record after which the next one belongs to a new connection (EC2 "Security group connection
 * tracking"): UDP 30 s for a single exchange and 180 s for a stream, TCP as the time-outs say, other protocols 600 s.
 */
export function idleSeconds(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  if ((words[base + KIND] & 0xff) !== UDP) return shortestIdle(words, base, timeouts);
  const packets = words[base + TOTAL_PACKETS];
  const stream = (packets & 0xffff) > 1 && packets >>> 16 > 1;
  if (!stream) return shortestIdle(words, base, timeouts);
  return ownTimeouts(words, base, timeouts)?.udpStream ?? timeouts.udpStream;
}

/** The same before it is known whether a UDP connection is a stream: a shorter silence ends none. */
export function shortestIdle(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  const protocol = words[base + KIND] & 0xff;
  if (protocol === TCP) return ownTimeouts(words, base, timeouts)?.tcpEstablished ?? timeouts.tcpEstablished;
  if (protocol === UDP) return ownTimeouts(words, base, timeouts)?.udpSingle ?? timeouts.udpSingle;
  return 600;
}

function ownTimeouts(words: Uint32Array, base: number, { ofInterface }: IdleTimeouts): OwnTimeouts | undefined {
  return ofInterface.size > 0 ? ofInterface.get(words[base + INTERFACE]) : undefined;
}

/**
 * AWS's time-outs, with the 350 s of newer instances for TCP: the older 432,000 s would join connections that merely reuse
 * a port. A configuration with a history needs the long one, or an idle connection that outlives its rule looks new.
 */
export const DEFAULT_TIMEOUTS: IdleTimeouts = {
  tcpEstablished: 350,
  udpStream: 180,
  udpSingle: 30,
  ofInterface: new Map(),
};
export const LONG_TCP_TIMEOUT = 432_000;

/** No record that begins at `now` (Unix seconds) or later belongs to the connection. */
function isIdle(words: Uint32Array, base: number, now: number, timeouts: IdleTimeouts): boolean {
  return now > words[base + LAST] + rememberedSeconds(words, base, timeouts);
}

/**
 * Seconds by which a record may begin before others that were read earlier: the objects of one delivery hold five minutes
 * each, in any order, and a record begins up to a minute before it is due.
 */
const SPREAD = 360;

/**
 * Seconds after its last packet for which a connection is remembered: what is refused within them may belong to it. TCP's
 * peers go on for minutes after the firewall has forgotten their connection.
 */
export function rememberedSeconds(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  const idle = idleSeconds(words, base, timeouts);
  return idle + ((words[base + KIND] & 0xff) === TCP ? AFTER_TCP : DELIVERY);
}

const AFTER_TCP = 600;
/** Records of the same time may be spread over the segment, and their times are off by up to a minute. */
export const DELIVERY = 60;

/**
 * Forgets connections to which nothing that is still to come can belong, then, if there are still more than `most`, the
 * longest silent ones. Returns how many went before their time.
 */
export function evictConnections(
  connections: ConnectionTable,
  most: number,
  now: number,
  timeouts: IdleTimeouts,
): number {
  const { words } = connections;
  const from = Math.max(0, now - SPREAD);
  let limit = 0;
  if (connections.size > most) {
    const ages = new Uint32Array(connections.size);
    let live = 0;
    for (let entry = 0; entry < connections.size; entry++) {
      const base = entry * STRIDE;
      if (!isIdle(words, base, from, timeouts)) ages[live++] = words[base + LAST];
    }
    if (live > most) limit = ages.subarray(0, live).sort()[live - most];
  }
  let evicted = 0;
  connections.retain((base) => {
    if (isIdle(words, base, from, timeouts)) return false;
    if (words[base + LAST] >= limit) return true;
    if (!isIdle(words, base, now, timeouts)) evicted++;
    return false;
  });
  return evicted;
}

/** Keeps the IPv6 addresses that a live connection has, once most of the pool is of connections that are gone. */
export function evictAddresses(connections: ConnectionTable, addresses: AddressPool): void {
  if (addresses.size < 65_536 || addresses.size < connections.size * 4) return;
  const numbers = new Map<number, number>();
  const renumber = (old: number): number => {
    const known = numbers.get(old);
    if (known !== undefined) return known;
    numbers.set(old, numbers.size);
    return numbers.size - 1;
  };
  connections.rekey((words, base) => {
    if (words[base + KIND] >>> 8 !== IPV6) return;
    words[base + LOCAL] = renumber(words[base + LOCAL]);
    words[base + REMOTE] = renumber(words[base + REMOTE]);
  });
  addresses.reset([...numbers.keys()]);
}
