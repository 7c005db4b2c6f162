import { TCP, UDP } from "../../net/protocols.ts";
import { INTERFACE, protocolOf, TOTAL_PACKETS } from "./entry-layout.ts";

/** Idle time-outs of connection tracking, in seconds, and those of interfaces that set their own. */
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
const OTHER_TIMEOUT = 600;

/**
 * Seconds without a record after which the next one belongs to a new connection (EC2 User Guide, "Security group
 * connection tracking"). UDP has one time-out for a single exchange and one for a stream.
 */
export function idleSeconds(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  if (protocolOf(words, base) !== UDP) return shortestIdle(words, base, timeouts);
  const packets = words[base + TOTAL_PACKETS];
  const stream = (packets & 0xffff) > 1 && packets >>> 16 > 1;
  if (!stream) return shortestIdle(words, base, timeouts);
  return ownTimeouts(words, base, timeouts)?.udpStream ?? timeouts.udpStream;
}

/** The same before it is known whether a UDP connection is a stream: a shorter silence never ends a connection. */
export function shortestIdle(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  const protocol = protocolOf(words, base);
  if (protocol === TCP) return ownTimeouts(words, base, timeouts)?.tcpEstablished ?? timeouts.tcpEstablished;
  if (protocol === UDP) return ownTimeouts(words, base, timeouts)?.udpSingle ?? timeouts.udpSingle;
  return OTHER_TIMEOUT;
}

function ownTimeouts(words: Uint32Array, base: number, { ofInterface }: IdleTimeouts): OwnTimeouts | undefined {
  return ofInterface.size > 0 ? ofInterface.get(words[base + INTERFACE]) : undefined;
}

/** Records of one time may be spread over the segment, and their times are off by up to a minute. */
export const DELIVERY = 60;
/** TCP's peers go on for minutes after the firewall has dropped their connection. */
const AFTER_TCP = 600;

/** Seconds after its last packet for which a connection is kept: a packet that is rejected within them may belong to it. */
export function rememberedSeconds(words: Uint32Array, base: number, timeouts: IdleTimeouts): number {
  return idleSeconds(words, base, timeouts) + (protocolOf(words, base) === TCP ? AFTER_TCP : DELIVERY);
}
