import { FAMILY_SHIFT, type FlowBatch, HAS_PORTS, PKT_FAMILY_SHIFT } from "../../decode/flow-batch.ts";
import { IPV4 } from "../../net/address.ts";
import { EGRESS } from "../lookup/policy-lookup.ts";
import type { AddressPool } from "../dense/address-pool.ts";

// An entry of the connection table is STRIDE words, one line of the processor's cache. Its first words are its key.

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
/** TCP flags seen from the interface, and towards it (`<< 8`); above them ANSWER_DROPPED and POSSIBLE_*. */
export const FLAGS = 8;
/** Initiator, evidence and the bits below. */
export const STATE = 9;
/** Lookup of the earliest accepted record (number + 1). */
export const OPENED_BY = 10;
/** Totals, saturating: packets out | packets in << 16, then bytes out and in. */
export const TOTAL_PACKETS = 11;
export const TOTAL_BYTES_OUT = 12;
export const TOTAL_BYTES_IN = 13;
/** Index of the entry's delta in the current segment (dense/segment-deltas.ts), plus one; 0 while there is none. */
export const DELTA = 14;
/** Hash of the key, so that entries move between tables without being hashed again. */
export const HASH = 15;
export const STRIDE = 16;

export const NEVER = 0xffffffff;

// Bits of STATE.
const INITIATOR_MASK = 0b11; // 0 unknown, 1 local, 2 remote
const EVIDENCE_SHIFT = 2;
const EVIDENCE_MASK = 0b1111;
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
export const WANTED = 1 << 16; // a rejected record of the segment needs the times of its records
export const COUNT_SHIFT = 17; // above: connections reported so far, saturating at MOST_COUNTED
export const MOST_COUNTED = 0x7fff;

// Bits of FLAGS above the TCP flags.
export const ANSWER_DROPPED = 1 << 18; // the network ACL dropped an answer to what was accepted
// What was reported for rules that may have admitted the connection, had the other end opened it.
export const POSSIBLE_COUNTED = 1 << 19;
export const POSSIBLE_REPLIED = 1 << 20;
export const POSSIBLE_MEANINGFUL = 1 << 21;

// Who opened a connection: the interface, or the peer.
export const UNKNOWN = 0;
export const LOCAL_OPENED = 1;
export const REMOTE_OPENED = 2;

export function protocolOf(words: Uint32Array, base: number): number {
  return words[base + KIND] & 0xff;
}

export function familyOf(words: Uint32Array, base: number): number {
  return words[base + KIND] >>> 8;
}

export function localPortOf(words: Uint32Array, base: number): number {
  return words[base + PORTS] >>> 16;
}

export function remotePortOf(words: Uint32Array, base: number): number {
  return words[base + PORTS] & 0xffff;
}

/** Start of the earliest accepted record, Unix seconds; NEVER when there is none. */
export function openedAt(words: Uint32Array, base: number): number {
  return Math.min(words[base + FIRST_OUT], words[base + FIRST_IN]);
}

/** UNKNOWN, LOCAL_OPENED or REMOTE_OPENED. */
export function initiatorOf(words: Uint32Array, base: number): number {
  return words[base + STATE] & INITIATOR_MASK;
}

/** Index into `EVIDENCE` of what tells the initiator. */
export function evidenceOf(words: Uint32Array, base: number): number {
  return (words[base + STATE] >>> EVIDENCE_SHIFT) & EVIDENCE_MASK;
}

/** Stores who opened a connection, and by which evidence. */
export function setInitiator(words: Uint32Array, base: number, opened: number, evidence: number): void {
  const kept = words[base + STATE] & ~(INITIATOR_MASK | (EVIDENCE_MASK << EVIDENCE_SHIFT) | DECIDED);
  words[base + STATE] = kept | opened | (evidence << EVIDENCE_SHIFT) | (opened === UNKNOWN ? 0 : DECIDED);
}

/** Bytes of all accepted records, both directions. */
export function totalBytes(words: Uint32Array, base: number): number {
  return words[base + TOTAL_BYTES_OUT] + words[base + TOTAL_BYTES_IN];
}

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
 * Both ends answered a SYN: they opened at the same time (RFC 9293, section 3.5), and flags do not tell who was let in.
 * `flags` as in an entry: both directions.
 */
export function bothAnswered(flags: number): boolean {
  return (flags & (flags >>> 8) & SYN_ACK) === SYN_ACK;
}

/** Words of a key: the first words of an entry, and three for the lookup of many keys at a time. */
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
 * Writes the key of a row's connection to `keys[at]` and the words behind it. The row's direction must be known. The
 * addresses of the original packet (`pkt-*`) count where the record has them.
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
