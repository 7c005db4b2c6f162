import { FAMILY_SHIFT, HAS_PORTS, PKT_FAMILY_SHIFT, type FlowBatch } from "../decode/flow-batch.ts";
import { IPV4 } from "../net/address.ts";
import type { AddressPool } from "./address-pool.ts";
import { INTERFACE, KIND, LOCAL, PORTS, REMOTE } from "./connection-words.ts";
import { EGRESS } from "./reading.ts";

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
