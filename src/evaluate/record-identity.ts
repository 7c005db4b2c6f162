import {
  ACTION_MASK,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TIMES,
  STATUS_OK,
  STATUS_SHIFT,
} from "../decode/flow-batch.ts";
import { IPV6 } from "../net/address.ts";

/** The bits of a row that only its judgement keeps once it is stored: action and log status. */
export const ANSWER_BITS = ACTION_MASK | (3 << STATUS_SHIFT);

const FAMILY = 3 << FAMILY_SHIFT;
const NAMED = HAS_PORTS | HAS_PROTOCOL;
const PRESENCE = FAMILY | NAMED | HAS_PACKETS | HAS_BYTES;

/** 64 bits over what makes two records the same: written by `hashIdentity` and `addAnswer`. One object serves all rows. */
export const identity = { low: 0, high: 0 };

/**
 * Whether a record tells enough to be recognised when another flow log delivers it again: interface, times, and, unless
 * it stands for an interval without data, addresses, ports, protocol and action. `unnamed` is the number of the
 * interface `-`.
 */
export function isIdentifiable(batch: FlowBatch, row: number, unnamed: number): boolean {
  const bits = batch.bits[row];
  if ((bits & HAS_TIMES) === 0 || batch.interfaceId[row] === unnamed) return false;
  if (((bits >>> STATUS_SHIFT) & 3) !== STATUS_OK) return true;
  return (bits & NAMED) === NAMED && (bits & FAMILY) !== 0 && (bits & ACTION_MASK) !== 0;
}

/**
 * Starts the identity of a row: its interface and times, addresses, ports, protocol and counts as far as it has them.
 * What a record lacks is part of it, so a record without bytes is never taken for one that has them.
 */
export function hashIdentity(batch: FlowBatch, row: number): void {
  const bits = batch.bits[row];
  identity.low = 0x9e3779b1;
  identity.high = 0x85ebca6b;
  mix(batch.interfaceId[row]);
  mix(batch.start[row]);
  // As it is stored: no record ends before it starts.
  mix(Math.max(batch.start[row], batch.end[row]));
  mix(bits & PRESENCE);
  if ((bits & FAMILY) !== 0) {
    mixAddress(batch, batch.src[row], bits);
    mixAddress(batch, batch.dst[row], bits);
  }
  if ((bits & HAS_PORTS) !== 0) mix((batch.srcPort[row] << 16) | batch.dstPort[row]);
  if ((bits & HAS_PROTOCOL) !== 0) mix(batch.protocol[row]);
  if ((bits & HAS_PACKETS) !== 0) mixCount(batch.packets[row]);
  if ((bits & HAS_BYTES) !== 0) mixCount(batch.bytes[row]);
}

/** Ends it: `bits` hold action and log status (`ANSWER_BITS`). */
export function addAnswer(bits: number): void {
  mix(bits & ANSWER_BITS);
}

function mixAddress(batch: FlowBatch, address: number, bits: number): void {
  if (((bits >>> FAMILY_SHIFT) & 3) !== IPV6) return mix(address);
  for (let word = 0; word < 4; word++) mix(batch.addr6[address + word]);
}

function mixCount(count: number): void {
  mix(count);
  mix(count / 4_294_967_296);
}

function mix(value: number): void {
  identity.low = Math.imul(identity.low ^ value, 0xc2b2ae35);
  identity.low ^= identity.low >>> 15;
  identity.high = Math.imul(identity.high ^ value, 0x27d4eb2f) + identity.low;
  identity.high ^= identity.high >>> 13;
}
