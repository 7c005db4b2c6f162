// Dense code for the fields that scan.ts does not unroll (v3 and later, other orders). Measured with
// `node .bench/test/bench/decode.js` ("v5, 25 fields"). Text is compared four bytes at a time.
import { IPV4, IPV6 } from "../../net/address.ts";
import { readAddress } from "../address-bytes.ts";
import * as F from "../fields.ts";
import {
  ACTION_ACCEPT,
  ACTION_REJECT,
  DIRECTION_EGRESS,
  DIRECTION_INGRESS,
  DIRECTION_SHIFT,
  FAMILY_SHIFT,
  type FlowBatch,
  PKT_FAMILY_SHIFT,
} from "../flow-batch.ts";
import type { ByteDictionary } from "./dictionary.ts";
import { endOfField } from "./further-sets.ts";

/**
 * Scans one field in its common form, from `bytes` at offset `p` into its column. Returns the offset after it, -1 for
 * anything that is left to the parser (record.ts). The caller checks what follows the field.
 */
export function scanField(
  kind: F.FieldKind,
  target: number,
  bytes: Uint8Array,
  view: DataView,
  p: number,
  batch: FlowBatch,
  row: number,
  interfaces: ByteDictionary,
  accounts: ByteDictionary,
): number {
  switch (kind) {
    case F.SKIP:
      return bytes[p] <= 32 || bytes[p] === 35 ? -1 : endOfField(view, p);
    case F.NUMBER:
      if ((bytes[p++] - 48) >>> 0 > 9) return -1;
      return (bytes[p] - 48) >>> 0 <= 9 ? p + 1 : p;
    case F.NAME: {
      const dictionary = target === F.INTERFACE ? interfaces : accounts;
      const id = dictionary.find(bytes, view, p);
      if (id < 0) return -1;
      batch.names[target][row] = id;
      return p + dictionary.foundLength;
    }
    case F.ADDRESS: {
      const first = p;
      let word = 0;
      let octet = 0;
      for (; octet < 4; octet++) {
        let value = bytes[p++] - 48;
        if (value >>> 0 > 9) break;
        let digit = bytes[p] - 48;
        if (digit >>> 0 <= 9) {
          if (value === 0) break;
          value = value * 10 + digit;
          digit = bytes[++p] - 48;
          if (digit >>> 0 <= 9) {
            value = value * 10 + digit;
            if (value > 255) break;
            p++;
          }
        }
        if (octet < 3 && bytes[p++] !== 46) break;
        word = (word << 8) | value;
      }
      if (octet < 4) {
        p = scanIpv6(bytes, first, batch);
        if (p < 0) return -1;
        word = batch.addr6Length - 4;
        batch.bits[row] |= 1 << (SIX_SHIFT + target);
      }
      batch.addresses[target][row] = word;
      return p;
    }
    case F.PORT:
    case F.OCTET:
    case F.COUNT: {
      const first = p;
      let value = 0;
      for (let digit = bytes[p] - 48; digit >>> 0 <= 9; digit = bytes[++p] - 48) value = (value * 10 + digit) | 0;
      if (p === first || p > first + 9) return -1;
      if (kind === F.COUNT) {
        batch.counts[target][row] = value;
      } else if (kind === F.PORT) {
        if (value > 65535) return -1;
        batch.ports[target][row] = value;
      } else {
        if (value > 255) return -1;
        batch.octets[target][row] = value;
      }
      return p;
    }
    case F.TIME: {
      let value = 0;
      const first = p;
      for (let digit = bytes[p] - 48; digit >>> 0 <= 9; digit = bytes[++p] - 48) value = value * 10 + digit;
      if (p !== first + 10 || value > 0xffffffff) return -1;
      batch.times[target][row] = value;
      return p;
    }
    case F.ACTION: {
      const word = view.getUint32(p, true);
      if (word === ACCE && view.getUint32(p + 2, true) === CEPT) batch.bits[row] |= ACTION_ACCEPT;
      else if (word === REJE && view.getUint32(p + 2, true) === JECT) batch.bits[row] |= ACTION_REJECT;
      else return -1;
      return p + 6;
    }
    case F.STATUS:
      return bytes[p] === 79 && bytes[p + 1] === 75 ? p + 2 : -1;
    case F.DIRECTION: {
      const word = view.getUint32(p, true);
      if (word === INGR && view.getUint32(p + 3, true) === RESS) {
        batch.bits[row] |= DIRECTION_INGRESS << DIRECTION_SHIFT;
        return p + 7;
      }
      if (word === EGRE && view.getUint32(p + 2, true) === RESS) {
        batch.bits[row] |= DIRECTION_EGRESS << DIRECTION_SHIFT;
        return p + 6;
      }
      return -1;
    }
    default:
      // reject-reason: few records have one
      return bytes[p] === 45 ? p + 1 : -1;
  }
}

/** While a row is scanned, bit SIX_SHIFT + target of its `bits` says that an address is IPv6. */
export const SIX_SHIFT = 28;
const LONGEST_ADDRESS = 45;

/**
 * Appends the IPv6 address at offset `at` to the batch. Returns the offset after it, -1 when it is none. The caller
 * takes back what a line has appended that is not taken.
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

/** The `bits` of a row with IPv6 addresses; 0 when the addresses of a pair are of different families. */
export function withFamilies(bits: number): number {
  const six = bits >>> SIX_SHIFT;
  const own = six & 3;
  const packet = six >>> 2;
  if (own === 1 || own === 2 || packet === 1 || packet === 2) return 0;
  const change = IPV4 ^ IPV6;
  const families = (own === 0 ? 0 : change << FAMILY_SHIFT) | (packet === 0 ? 0 : change << PKT_FAMILY_SHIFT);
  return (bits & ~(-1 << SIX_SHIFT)) ^ families;
}

const wordOf = (text: string): number =>
  text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);

// Four bytes of a keyword as DataView.getUint32(…, true) reads them; two overlapping words check ACCEPT, REJECT, egress.
export const ACCE = wordOf("ACCE");
export const CEPT = wordOf("CEPT");
export const REJE = wordOf("REJE");
export const JECT = wordOf("JECT");
const INGR = wordOf("ingr");
const EGRE = wordOf("egre");
const RESS = wordOf("ress");

/** Length of `2024-12-20T18:23:02.000Z `, which CloudWatch Logs writes before each message it exports to S3. */
export const EVENT_TIME_BYTES = 25;

// 0: a digit
const SHAPE = Uint8Array.from("0000-00-00T00:00:00.000Z ", (char) => (char === "0" ? 0 : char.charCodeAt(0)));

export function isEventTime(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < EVENT_TIME_BYTES; index++) {
    const byte = bytes[at + index];
    if (SHAPE[index] === 0 ? (byte - 48) >>> 0 > 9 : byte !== SHAPE[index]) return false;
  }
  return true;
}
