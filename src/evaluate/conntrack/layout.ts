import { FAMILY_SHIFT, type FlowBatch, HAS_PORTS, PKT_FAMILY_SHIFT } from "../../decode/flow-batch.ts";
import { IPV4 } from "../../net/address.ts";
import { EGRESS } from "../lookup/policy-lookup.ts";
import type { AddressPool } from "./address-pool.ts";

/** The layout of an entry of the connection table (connections.ts): STRIDE words, one line of the processor's cache. */

// Words of an entry.
export const INTERFACE = 0;
export const LOCAL = 1;
export const REMOTE = 2;
export const PORTS = 3; // local port << 16 | remote port
export const KIND = 4; // protocol | family << 8
/** Start of the earliest accepted record from the interface, and towards it; NEVER when there is none. */
export const FIRST_OUT = 5;
export const FIRST_IN = 6;
/** Latest end of an accepted record. */
export const LAST = 7;
/** TCP flags seen from the interface, and towards it (`<< 8`), then `STATE_…` bits, initiator and evidence. */
export const FLAGS = 8;
export const STATE = 9;
/** PolicyLookup of the earliest accepted record (number + 1). */
export const OPENED_BY = 10;
/** Totals, saturating: packets out | packets in << 16, then bytes out and in. */
export const TOTAL_PACKETS = 11;
export const TOTAL_BYTES_OUT = 12;
export const TOTAL_BYTES_IN = 13;
/** Place among the entries that the current segment touched (touched.ts), plus one; 0 while it did not. */
export const PLACE = 14;
/** Hash of the key, so that entries move between tables without being hashed again. */
export const HASH = 15;
/** One line of the processor's cache. */
export const STRIDE = 16;

export const NEVER = 0xffffffff;

// Bits of STATE.
export const INITIATOR_MASK = 0b11; // 0 unknown, 1 local, 2 remote
export const EVIDENCE_SHIFT = 2;
export const EVIDENCE_MASK = 0b1111;
export const DECIDED = 1 << 6; // the initiator was decided in this or an earlier segment
export const COUNTED = 1 << 7; // reported as a connection
export const COUNTED_REPLIED = 1 << 8;
export const COUNTED_MEANINGFUL = 1 << 9;
export const COUNTED_RESET = 1 << 10;
export const SYN_SEEN = 1 << 11; // a record that opens a connection was seen
export const FLAGS_KNOWN = 1 << 12; // some record carried the field tcp-flags
export const REPLY_TRIED = 1 << 13; // a reply passed the groups and was stopped by the network ACL
export const COUNTED_REPLY_RULE = 1 << 14; // reported for the rule that lets an untracked flow's replies pass
export const COUNTED_OPENING = 1 << 15; // what was reported includes an opening that was seen
export const WANTED = 1 << 16; // a rejected record of the segment asks when its records were
export const COUNT_SHIFT = 17; // above: connections reported so far, saturating at MOST_COUNTED
export const MOST_COUNTED = 0x7fff;

/** Start of the earliest accepted record, Unix seconds. */
export function openedAt(words: Uint32Array, base: number): number {
  return Math.min(words[base + FIRST_OUT], words[base + FIRST_IN]);
}

// Who opened a connection: bits 0-1 of STATE.
export const UNKNOWN = 0;
export const LOCAL_OPENED = 1;
export const REMOTE_OPENED = 2;

// Bits of tcp-flags.
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const SYN_ACK = 18;

/** Who opened, by the flags of one record from the interface (`out`) or towards it; UNKNOWN when they do not tell. */
export function openedByFlags(flags: number, out: boolean): number {
  if ((flags & SYN_ACK) === SYN) return out ? LOCAL_OPENED : REMOTE_OPENED;
  if ((flags & SYN_ACK) === SYN_ACK) return out ? REMOTE_OPENED : LOCAL_OPENED;
  return UNKNOWN;
}

/**
 * Both ends answered a SYN: they opened at once (RFC 9293, section 3.5), and flags do not tell who was let in. `flags` as in
 * a connection's entry: those of one direction, and of the other above them.
 */
export function bothAnswered(flags: number): boolean {
  return (flags & (flags >>> 8) & SYN_ACK) === SYN_ACK;
}

/**
 * Words of a key: the first ones of a connection's entry (connection-words.ts), and room for what is noted while keys are
 * looked up side by side.
 */
export const KEY_WORDS = 8;
/** The entry that was found, -1 (as 2^32 - 1) for none. */
export const KEY_ENTRY = 5;
export const KEY_HASH = 6;
export const KEY_SLOT = 7;

/** Room for `count` keys. */
export function createKeys(count: number): Uint32Array {
  return new Uint32Array(count * KEY_WORDS);
}

/**
 * Writes the connection a row belongs to, as a key, to `keys[at]` and the words behind it. The row's direction is known. The
 * original packet's addresses count where the record has them.
 */
export function writeKey(
  batch: FlowBatch,
  row: number,
  direction: number,
  pool: AddressPool,
  keys: Uint32Array,
  at: number,
): void {
  const bits = batch.bits[row];
  const packetFamily = (bits >>> PKT_FAMILY_SHIFT) & 3;
  const family = packetFamily === 0 ? (bits >>> FAMILY_SHIFT) & 3 : packetFamily;
  let source = (packetFamily === 0 ? batch.src : batch.pktSrc)[row];
  let destination = (packetFamily === 0 ? batch.dst : batch.pktDst)[row];
  if (family !== IPV4) {
    source = pool.idOf(batch.addr6, source);
    destination = pool.idOf(batch.addr6, destination);
  }
  const ported = (bits & HAS_PORTS) !== 0;
  const sourcePort = ported ? batch.srcPort[row] : 0;
  const destinationPort = ported ? batch.dstPort[row] : 0;
  const egress = direction === EGRESS;
  keys[at + INTERFACE] = batch.interfaceId[row];
  keys[at + LOCAL] = egress ? source : destination;
  keys[at + REMOTE] = egress ? destination : source;
  keys[at + PORTS] = egress ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
  keys[at + KIND] = batch.protocol[row] | (family << 8);
}
