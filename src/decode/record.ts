import { IPV4 } from "../net/address.ts";
import { readAddress } from "./address-bytes.ts";
import * as F from "./fields.ts";
import * as B from "./flow-batch.ts";
import type { Layout } from "./fields.ts";
import type { Dictionaries } from "./dense/scan.ts";
import { reserveAddress6 } from "./dense/scan-field.ts";

/** Longest interface or account id taken, in bytes; AWS's own have 21 and 12. */
const LONGEST_NAME = 64;
/** Start and end beyond this are milliseconds (as seconds they would lie in the year 5138). */
const MILLISECONDS_FROM = 100_000_000_000;
const LAST_SECOND = 0xffffffff;
const HASH = 35;
const DASH = 45;

/** Judges one line with care: every form of a record, and why a line is none. */
export interface RecordParser {
  /**
   * Parses the record in `bytes[from, to)` (no line end) into the next row of `batch`; the caller counts the row.
   * Returns null, or the reason why the line is no record, in which case the batch is as before.
   */
  parse(bytes: Uint8Array, from: number, to: number, layout: Layout, line: number, batch: B.FlowBatch): string | null;
}

export function createRecordParser({ interfaces, accounts }: Dictionaries): RecordParser {
  // The record being read; slots are numbered by the targets of fields.ts.
  const names = [0, 0];
  const families = new Uint8Array(4);
  const words = new Uint32Array(16);
  const ports = [-1, -1];
  const octets = [-1, -1];
  const counts = [-1, -1];
  const times = [-1, -1];
  let bits = 0;

  const value = (kind: F.FieldKind, target: number, bytes: Uint8Array, from: number, to: number): string | null => {
    if (kind === F.SKIP) return null;
    if (kind === F.NAME) return name(target, bytes, from, to);
    const absent = to === from + 1 && bytes[from] === DASH;
    if (absent) return kind === F.STATUS ? "invalid_log_status" : null;
    switch (kind) {
      case F.ADDRESS:
        families[target] = readAddress(bytes, from, to, words, target * 4);
        return families[target] === 0 ? "invalid_address" : null;
      case F.ACTION:
        if (equals(bytes, from, to, "ACCEPT")) bits |= B.ACTION_ACCEPT;
        else if (equals(bytes, from, to, "REJECT")) bits |= B.ACTION_REJECT;
        else return "invalid_action";
        return null;
      case F.STATUS:
        if (equals(bytes, from, to, "NODATA")) bits |= B.STATUS_NODATA << B.STATUS_SHIFT;
        else if (equals(bytes, from, to, "SKIPDATA")) bits |= B.STATUS_SKIPDATA << B.STATUS_SHIFT;
        else if (!equals(bytes, from, to, "OK")) return "invalid_log_status";
        return null;
      case F.DIRECTION:
        if (equals(bytes, from, to, "ingress")) bits |= B.DIRECTION_INGRESS << B.DIRECTION_SHIFT;
        else if (equals(bytes, from, to, "egress")) bits |= B.DIRECTION_EGRESS << B.DIRECTION_SHIFT;
        else return "invalid_direction";
        return null;
      case F.REJECT_REASON: {
        const known = equals(bytes, from, to, "BPA") ? B.REASON_BPA : equals(bytes, from, to, "EC") ? B.REASON_EC : 0;
        bits |= (known || B.REASON_OTHER) << B.REJECT_REASON_SHIFT;
        return null;
      }
      default:
        return number(kind, target, readNumber(bytes, from, to));
    }
  };

  const name = (target: number, bytes: Uint8Array, from: number, to: number): string | null => {
    if (to - from > LONGEST_NAME) return target === F.INTERFACE ? "invalid_interface_id" : "invalid_account_id";
    for (let at = from; at < to; at++) {
      if (!isNameByte(bytes[at])) return target === F.INTERFACE ? "invalid_interface_id" : "invalid_account_id";
    }
    if (target === F.INTERFACE && equals(bytes, from, from + 4, "tgw-")) return "transit_gateway_record";
    names[target] = (target === F.INTERFACE ? interfaces : accounts).id(bytes, from, to);
    return null;
  };

  const number = (kind: F.FieldKind, target: number, value: number): string | null => {
    if (value < 0) return "invalid_number";
    switch (kind) {
      case F.NUMBER:
        return value > 99 ? "out_of_range" : null;
      case F.PORT:
        ports[target] = value;
        return value > 65535 ? "out_of_range" : null;
      case F.OCTET:
        octets[target] = value;
        return value > 255 ? "out_of_range" : null;
      case F.COUNT:
        counts[target] = value;
        return null;
      default:
        times[target] = value > MILLISECONDS_FROM ? Math.floor(value / 1000) : value;
        return times[target] > LAST_SECOND ? "out_of_range" : null;
    }
  };

  const reset = (): void => {
    bits = 0;
    names[F.INTERFACE] = names[F.ACCOUNT] = -1;
    families.fill(0);
    ports[0] = ports[1] = octets[0] = octets[1] = counts[0] = counts[1] = times[0] = times[1] = -1;
  };

  /** Completes pairs of which the format has one half, and checks what only two fields together can get wrong. */
  const settle = (): string | null => {
    if (families[F.SRC] === 0 || families[F.DST] === 0) families[F.SRC] = families[F.DST] = 0;
    if (families[F.SRC] !== families[F.DST]) return "mixed_families";
    // A missing packet-level address is the one of the interface's own record.
    for (const side of [F.SRC, F.DST]) {
      const own = F.PKT_SRC + side;
      const other = F.PKT_SRC + 1 - side;
      if (families[own] === 0 && families[other] !== 0 && families[other] === families[side]) {
        families[own] = families[side];
        words.copyWithin(own * 4, side * 4, side * 4 + 4);
      }
    }
    if (families[F.PKT_SRC] === 0 || families[F.PKT_DST] === 0) families[F.PKT_SRC] = families[F.PKT_DST] = 0;
    if (families[F.PKT_SRC] !== families[F.PKT_DST]) return "mixed_families";
    if (times[F.START] < 0) times[F.START] = times[F.END];
    if (times[F.END] < 0) times[F.END] = times[F.START];
    return times[F.START] > times[F.END] ? "end_before_start" : null;
  };

  const address = (batch: B.FlowBatch, target: number): number => {
    const at = target * 4;
    if (families[target] === 0) return 0;
    if (families[target] === IPV4) return words[at];
    const index = reserveAddress6(batch);
    batch.addr6.set(words.subarray(at, at + 4), index);
    batch.addr6Length = index + 4;
    return index;
  };

  const write = (batch: B.FlowBatch, line: number): void => {
    const row = batch.rows;
    const flag = (present: boolean, bit: number): number => (present ? bit : 0);
    const hasPorts = ports[F.SRC] >= 0 && ports[F.DST] >= 0;
    batch.line[row] = line;
    batch.interfaceId[row] = names[F.INTERFACE] < 0 ? interfaces.idOf("-") : names[F.INTERFACE];
    batch.accountId[row] = names[F.ACCOUNT] < 0 ? accounts.idOf("-") : names[F.ACCOUNT];
    batch.start[row] = Math.max(0, times[F.START]);
    batch.end[row] = Math.max(0, times[F.END]);
    batch.src[row] = address(batch, F.SRC);
    batch.dst[row] = address(batch, F.DST);
    batch.pktSrc[row] = address(batch, F.PKT_SRC);
    batch.pktDst[row] = address(batch, F.PKT_DST);
    batch.packets[row] = Math.max(0, counts[F.PACKETS]);
    batch.bytes[row] = Math.max(0, counts[F.BYTES]);
    batch.srcPort[row] = hasPorts ? ports[F.SRC] : 0;
    batch.dstPort[row] = hasPorts ? ports[F.DST] : 0;
    batch.protocol[row] = Math.max(0, octets[F.PROTOCOL]);
    batch.tcpFlags[row] = Math.max(0, octets[F.TCP_FLAGS]);
    batch.bits[row] =
      bits |
      (families[F.SRC] << B.FAMILY_SHIFT) |
      (families[F.PKT_SRC] << B.PKT_FAMILY_SHIFT) |
      flag(hasPorts, B.HAS_PORTS) |
      flag(octets[F.PROTOCOL] >= 0, B.HAS_PROTOCOL) |
      flag(octets[F.TCP_FLAGS] >= 0, B.HAS_TCP_FLAGS) |
      flag(counts[F.PACKETS] >= 0, B.HAS_PACKETS) |
      flag(counts[F.BYTES] >= 0, B.HAS_BYTES) |
      flag(times[F.START] >= 0, B.HAS_TIMES);
  };

  return {
    parse(bytes, from, to, layout, line, batch) {
      const fieldCount = layout.kinds.length;
      // Counted first: a value in the wrong column is the consequence, and would teach the dictionaries wrong names.
      if (countFields(bytes, from, to) !== fieldCount) return "wrong_field_count";
      reset();
      let at = from;
      for (let field = 0; field < fieldCount; field++) {
        while (isBlank(bytes[at])) at++;
        const start = at;
        while (at < to && !isBlank(bytes[at])) at++;
        const reason = value(layout.kinds[field], layout.targets[field], bytes, start, at);
        if (reason !== null) return reason;
      }
      const reason = settle();
      if (reason === null) write(batch, line);
      return reason;
    },
  };
}

/** Fields between runs of blanks, up to a field that begins with `#`: a comment. */
function countFields(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to;) {
    if (isBlank(bytes[at])) {
      at++;
      continue;
    }
    if (bytes[at] === HASH) break;
    count++;
    while (at < to && !isBlank(bytes[at])) at++;
  }
  return count;
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}

/** Letters, digits and `- . _ : + /`: nothing that a terminal, a page or a spreadsheet could take for more than a name. */
function isNameByte(byte: number): boolean {
  const lower = byte | 32;
  return (lower >= 97 && lower <= 122) || (byte >= 43 && byte <= 58 && byte !== 44) || byte === 95;
}

/** A whole number, also as `25238.0`; -1 when it is none or too large to be exact. */
function readNumber(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let value = 0;
  for (; at < to; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (at === from || value > Number.MAX_SAFE_INTEGER) return -1;
  if (at < to && bytes[at] === 46) {
    do at++;
    while (at < to && bytes[at] === 48);
    if (bytes[at - 1] === 46) return -1;
  }
  return at === to ? value : -1;
}

function equals(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[from + index] !== text.charCodeAt(index)) return false;
  return true;
}
