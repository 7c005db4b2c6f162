import type { ByteDictionary } from "./dictionary.ts";
import * as F from "./fields.ts";
import {
  ACTION_ACCEPT,
  ACTION_REJECT,
  DIRECTION_EGRESS,
  DIRECTION_INGRESS,
  DIRECTION_SHIFT,
  type FlowBatch,
} from "./flow-batch.ts";
import { scanIpv6, SIX_SHIFT } from "./scan-ipv6.ts";
import { ACCE, CEPT, EGRE, INGR, JECT, REJE, RESS } from "./words.ts";

/**
 * One field of a record in its common form, from `bytes` at `p` into its column. Returns the position behind it, -1 for
 * anything that `readRecord` must judge. What follows the field is left to the caller.
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
      (target === F.INTERFACE ? batch.interfaceId : batch.accountId)[row] = id;
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
      if (target === F.SRC) batch.src[row] = word;
      else if (target === F.DST) batch.dst[row] = word;
      else if (target === F.PKT_SRC) batch.pktSrc[row] = word;
      else batch.pktDst[row] = word;
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
        (target === F.PACKETS ? batch.packets : batch.bytes)[row] = value;
      } else if (kind === F.PORT) {
        if (value > 65535) return -1;
        (target === F.SRC ? batch.srcPort : batch.dstPort)[row] = value;
      } else {
        if (value > 255) return -1;
        (target === F.PROTOCOL ? batch.protocol : batch.tcpFlags)[row] = value;
      }
      return p;
    }
    case F.TIME: {
      let value = 0;
      const first = p;
      for (let digit = bytes[p] - 48; digit >>> 0 <= 9; digit = bytes[++p] - 48) value = value * 10 + digit;
      if (p !== first + 10 || value > 0xffffffff) return -1;
      (target === F.START ? batch.start : batch.end)[row] = value;
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
      // reject-reason is absent but for the rare record
      return bytes[p] === 45 ? p + 1 : -1;
  }
}

/** Position of the first byte of 32 or less from `p` on, four bytes at a time. */
function endOfField(view: DataView, p: number): number {
  for (;;) {
    const word = view.getUint32(p, true);
    // The lowest marked byte is exact; borrows only reach the bytes above it.
    const low = (word - 0x21212121) & ~word & 0x80808080;
    if (low !== 0) return p + ((31 - Math.clz32(low & -low)) >> 3);
    p += 4;
  }
}
