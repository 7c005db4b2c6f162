import { IPV4 } from "../net/address.ts";
import { parseProtocol } from "../net/protocols.ts";
import { readAddress } from "./address-bytes.ts";
import * as F from "./fields.ts";
import * as B from "./flow-batch.ts";
import type { Layout } from "./fields.ts";
import type { Dictionaries } from "./dense/scan.ts";
import { reserveAddress6 } from "./dense/scan-field.ts";
import { readTime, timeFault, toSeconds } from "./times.ts";

/** Longest interface or account id taken, in bytes; AWS's own have 21 and 12. */
const LONGEST_NAME = 64;
const LAST_SECOND = 0xffffffff;
const HASH = 35;
const DASH = 45;
const OCTET_BITS = F.bitsOfTargets(F.OCTET);
const COUNT_BITS = F.bitsOfTargets(F.COUNT);
const STATUS_BITS = 3 << B.STATUS_SHIFT;
const SKIPPED = B.STATUS_SKIPDATA << B.STATUS_SHIFT;

/** Parses one line: takes every form of a record, and says why a line is none. */
export interface RecordParser {
  /**
   * Parses the record in `bytes[from, to)` (no line end) into the next row of `batch`; the caller counts the row.
   * `eventTime` (Unix seconds, -1: none) is its start and end if it has neither. Returns null, or the reason why the line
   * is no record, in which case the batch is as before.
   */
  parse(
    bytes: Uint8Array,
    from: number,
    to: number,
    layout: Layout,
    line: number,
    batch: B.FlowBatch,
    eventTime: number,
  ): string | null;
  /** Where the field stands that made the last line bad; its number is -1 if no single field did. */
  readonly fault: Readonly<FieldPlace>;
}

interface FieldPlace {
  field: number;
  from: number;
  to: number;
}

export function createRecordParser({ interfaces, accounts, further }: Dictionaries): RecordParser {
  // The record being read, each value at its target (fields.ts); -1 and family 0: absent.
  const names = [-1, -1];
  const families = new Uint8Array(4);
  const words = new Uint32Array(16);
  const ports = [-1, -1];
  const octets = OCTET_BITS.map(() => -1);
  const counts = COUNT_BITS.map(() => -1);
  const times = [-1, -1];
  let bits = 0;
  // Where the fields of the line begin and end, for those that are kept as a set.
  let starts = new Uint32Array(64);
  let ends = new Uint32Array(64);
  const fault = { field: -1, from: 0, to: 0 };

  const value = (kind: F.FieldKind, target: number, bytes: Uint8Array, from: number, to: number): string | null => {
    if (kind === F.SKIP || kind === F.EXTRA) return null;
    if (kind === F.NAME) return name(target, bytes, from, to);
    const isAbsent = to === from + 1 && bytes[from] === DASH;
    const words = F.WORDS[kind];
    if (isAbsent && words?.required !== true) return null;
    if (words !== undefined) return word(words, bytes, from, to);
    if (kind === F.ADDRESS) return address(target, bytes, from, to);
    if (kind === F.TIME) return time(target, bytes, from, to);
    const read = readNumber(bytes, from, to);
    const isProtocol = kind === F.OCTET && target === F.PROTOCOL;
    return number(kind, target, read < 0 && isProtocol ? protocolNamed(textOf(bytes, from, to)) : read);
  };

  const time = (target: number, bytes: Uint8Array, from: number, to: number): string | null => {
    const number = readNumber(bytes, from, to);
    const seconds = number >= 0 ? toSeconds(number) : readTime(textOf(bytes, from, to));
    if (seconds < 0) return target === F.START ? "invalid_start" : "invalid_end";
    times[target] = seconds;
    return seconds > LAST_SECOND ? "time_out_of_range" : null;
  };

  const word = ({ words, other }: F.Words, bytes: Uint8Array, from: number, to: number): string | null => {
    let index = 0;
    while (index < words.length && !equals(bytes, from, to, words[index].text)) index++;
    const own = index < words.length ? words[index].bits : other;
    if (typeof own === "string") return own;
    bits |= own;
    return null;
  };

  const address = (target: number, bytes: Uint8Array, from: number, to: number): string | null => {
    families[target] = readAddress(bytes, from, to, words, target * 4);
    return families[target] === 0 ? "invalid_address" : null;
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
      default:
        counts[target] = value;
        return null;
    }
  };

  const reset = (): void => {
    bits = 0;
    families.fill(0);
    clear(names);
    clear(ports);
    clear(octets);
    clear(counts);
    clear(times);
  };

  /** Completes pairs of which the format has one field, and checks each pair. */
  const settle = (eventTime: number): string | null => {
    if (families[F.SRC] === 0 || families[F.DST] === 0) families[F.SRC] = families[F.DST] = 0;
    if (families[F.SRC] !== families[F.DST]) return "mixed_families";
    // A missing packet-level address equals the interface-level one.
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
    if (times[F.START] < 0) times[F.START] = times[F.END] = eventTime;
    if (times[F.START] < 0) return null;
    const fault = timeFault(times[F.START], times[F.END]);
    // SKIPDATA stays a record even if it is too long: without it the gap in the log would be hidden.
    return fault === "record_too_long" && (bits & STATUS_BITS) === SKIPPED ? null : fault;
  };

  /** The address as its column holds it. */
  const stored = (batch: B.FlowBatch, target: number): number => {
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
    batch.line[row] = line;
    batch.interfaceId[row] = names[F.INTERFACE] < 0 ? interfaces.idOf("-") : names[F.INTERFACE];
    batch.accountId[row] = names[F.ACCOUNT] < 0 ? accounts.idOf("-") : names[F.ACCOUNT];
    for (let target = 0; target < families.length; target++) batch.addresses[target][row] = stored(batch, target);
    bits |= (families[F.SRC] << B.FAMILY_SHIFT) | (families[F.PKT_SRC] << B.PKT_FAMILY_SHIFT);
    for (let target = 0; target < times.length; target++) batch.times[target][row] = Math.max(0, times[target]);
    if (times[F.START] >= 0) bits |= B.HAS_TIMES;
    const hasPorts = ports[F.SRC] >= 0 && ports[F.DST] >= 0;
    for (let target = 0; target < ports.length; target++) batch.ports[target][row] = hasPorts ? ports[target] : 0;
    if (hasPorts) bits |= B.HAS_PORTS;
    for (let target = 0; target < octets.length; target++) {
      batch.octets[target][row] = Math.max(0, octets[target]);
      if (octets[target] >= 0) bits |= OCTET_BITS[target];
    }
    for (let target = 0; target < counts.length; target++) {
      batch.counts[target][row] = Math.max(0, counts[target]);
      if (counts[target] >= 0) bits |= COUNT_BITS[target];
    }
    batch.bits[row] = bits;
  };

  return {
    fault,
    parse(bytes, from, to, layout, line, batch, eventTime) {
      fault.field = -1;
      const fieldCount = layout.kinds.length;
      // Counted first: a shifted value would enter a wrong name into the dictionaries.
      if (countFields(bytes, from, to) !== fieldCount) return "wrong_field_count";
      reset();
      if (fieldCount > starts.length) {
        starts = new Uint32Array(fieldCount);
        ends = new Uint32Array(fieldCount);
      }
      let at = from;
      for (let field = 0; field < fieldCount; field++) {
        while (isBlank(bytes[at])) at++;
        const start = at;
        while (at < to && !isBlank(bytes[at])) at++;
        starts[field] = start;
        ends[field] = at;
        const reason = value(layout.kinds[field], layout.targets[field], bytes, start, at);
        if (reason !== null) {
          fault.field = field;
          fault.from = start;
          fault.to = at;
          return reason;
        }
      }
      const reason = settle(eventTime);
      if (reason !== null) return reason;
      batch.further[batch.rows] = layout.hasExtra ? further.learn(layout, bytes, starts, ends) : 0;
      write(batch, line);
      return null;
    },
  };
}

/** -1 for a word that is no protocol of a packet. */
function protocolNamed(text: string): number {
  return /^[A-Za-z]/.test(text) ? (parseProtocol(text) ?? -1) : -1;
}

function clear(values: number[]): void {
  for (let target = 0; target < values.length; target++) values[target] = -1;
}

/** Fields between runs of blanks, up to a field that begins with `#`: a comment. */
export function countFields(bytes: Uint8Array, from: number, to: number): number {
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

/** Letters, digits and `- . _ : + /`: nothing that a terminal, a page or a spreadsheet could interpret. */
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
  if (at === to && at > from) return value > Number.MAX_SAFE_INTEGER ? -1 : value;
  const isWhole = at > from && /^\.0+$/.test(textOf(bytes, at, to));
  return isWhole && value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}

function equals(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[from + index] !== text.charCodeAt(index)) return false;
  return true;
}
