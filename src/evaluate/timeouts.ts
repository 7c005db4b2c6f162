import { TCP, UDP } from "../policy/compile/services.ts";
import { INTERFACE, KIND, LAST, TOTAL_PACKETS } from "./connections.ts";

/** Idle time-outs of connection tracking, in seconds, for all interfaces but those that set their own. */
export interface IdleTimeouts {
  readonly tcpEstablished: number;
  readonly udpStream: number;
  readonly udpSingle: number;
  readonly ofInterface: ReadonlyMap<number, OwnTimeouts>;
}

export interface OwnTimeouts {
  readonly tcpEstablished: number | null;
  readonly udpStream: number | null;
  readonly udpSingle: number | null;
}

/**
 * Seconds without a record after which the next one belongs to a new connection (EC2 "Security group connection
 * tracking"): UDP 30 s for a single exchange and 180 s for a stream, TCP as the time-outs say, other protocols 600 s.
 */
export function idleSeconds(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  const protocol = words[base + KIND] & 0xff;
  if (protocol !== TCP && protocol !== UDP) return 600;
  const own = timeouts.ofInterface.size > 0 ? timeouts.ofInterface.get(words[base + INTERFACE]) : undefined;
  if (protocol === TCP) return own?.tcpEstablished ?? timeouts.tcpEstablished;
  const packets = words[base + TOTAL_PACKETS];
  const stream = (packets & 0xffff) > 1 && packets >>> 16 > 1;
  return stream ? (own?.udpStream ?? timeouts.udpStream) : (own?.udpSingle ?? timeouts.udpSingle);
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

/** Entries nobody will need again, seen from `now` (Unix seconds). */
export function isIdle(words: Uint32Array, base: number, now: number, timeouts: IdleTimeouts): boolean {
  return now > words[base + LAST] + idleSeconds(words, base, timeouts) + DELIVERY;
}

/** Records of the same time may be spread over the segment, and their times are off by up to a minute. */
const DELIVERY = 60;
