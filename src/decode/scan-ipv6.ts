import { IPV4, IPV6 } from "../net/address.ts";
import { readAddress } from "./address-bytes.ts";
import { FAMILY_SHIFT, type FlowBatch, PKT_FAMILY_SHIFT } from "./flow-batch.ts";

/** While a row is scanned, bit SIX_SHIFT + target of its `bits` says that an address is IPv6. */
export const SIX_SHIFT = 28;
const LONGEST_ADDRESS = 45;

/**
 * Appends the IPv6 address at `at` to the batch. Returns the position behind it, -1 when it is none; the caller takes
 * back what lines that are not taken have appended.
 */
export function scanIpv6(bytes: Uint8Array, at: number, batch: FlowBatch): number {
  let end = at;
  while (bytes[end] > 32) if (++end - at > LONGEST_ADDRESS) return -1;
  const index = reserveAddress6(batch);
  if (readAddress(bytes, at, end, batch.addr6, index) !== IPV6) return -1;
  batch.addr6Length = index + 4;
  return end;
}

/** Room for one more IPv6 address; the index of its first word. */
export function reserveAddress6(batch: FlowBatch): number {
  const index = batch.addr6Length;
  if (index + 4 > batch.addr6.length) {
    const grown = new Uint32Array(Math.max(1024, batch.addr6.length * 2));
    grown.set(batch.addr6);
    batch.addr6 = grown;
  }
  return index;
}

/** The `bits` of a row that has IPv6 addresses; 0 when a pair is of both families. */
export function withFamilies(bits: number): number {
  const six = bits >>> SIX_SHIFT;
  const own = six & 3;
  const packet = six >>> 2;
  if (own === 1 || own === 2 || packet === 1 || packet === 2) return 0;
  const change = IPV4 ^ IPV6;
  const families = (own === 0 ? 0 : change << FAMILY_SHIFT) | (packet === 0 ? 0 : change << PKT_FAMILY_SHIFT);
  return (bits & ~(-1 << SIX_SHIFT)) ^ families;
}
