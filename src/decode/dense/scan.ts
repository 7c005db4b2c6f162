// Dense code: unrolled on purpose. Read test/bench/README.md and run `node .bench/test/bench/decode.js` before and after a
// change. Measured there: straight-line code for the default fields is three fifths faster than a dispatch for each field,
// because the processor predicts each branch at its own address. `record.ts` says the same in plain code, and
// `test/decode/round-trip.test.ts` compares the two.
import { DEFAULT_COUNT, type Layout } from "../fields.ts";
import { ACTION_ACCEPT, ACTION_REJECT, BATCH_ROWS, type FlowBatch } from "../flow-batch.ts";
import { EARLIEST_TIME, LONGEST_RECORD, TIME_RANGE } from "../times.ts";
import type { ByteDictionary } from "./dictionary.ts";
import type { FurtherSets } from "./further-sets.ts";
import {
  ACCE,
  CEPT,
  EVENT_TIME_BYTES,
  isEventTime,
  JECT,
  REJE,
  scanField,
  scanIpv6,
  SIX_SHIFT,
  withFamilies,
} from "./scan-field.ts";

/** Bytes that must be readable after the last line given to `scanRecords`: word loads run past the end of a field. */
export const SCAN_MARGIN = 32;

/** Longest line taken, in bytes without the newline. Records of all 54 fields with long tags stay below 4 KiB. */
export const LONGEST_LINE = 1 << 16;

/** Seconds after EARLIEST_TIME until when a record of any length may start. */
const LAST_START = TIME_RANGE - LONGEST_RECORD - 1;

/** Rows that one call scans at most: see `forEachChunk` (evaluate/dense/loops.ts) for what V8 makes of longer loops. */
export const ROWS_A_CALL = 256;

/** Interface and account names, shared by all objects that one decoder thread reads. */
export interface Dictionaries {
  readonly interfaces: ByteDictionary;
  readonly accounts: ByteDictionary;
  readonly further: FurtherSets;
}

/** Offset where a scan begins, and afterwards of the first line that it did not take. */
export interface ScanCursor {
  offset: number;
}

/**
 * Scans records in their common form (one space between fields, a value in every field that is read, names that the
 * dictionaries know) from bytes straight into columns; returns how many. Stops at any other line and when the batch is
 * full. Never decides that a line is bad: that is left to the parser (record.ts).
 *
 * Lines lie in `bytes[cursor.offset, end)` and end with a newline each; SCAN_MARGIN bytes after `end` must be readable.
 * Rows are written from `batch.rows` on, which the caller advances. Columns that the layout lacks are not written.
 */
export function scanRecords(
  bytes: Uint8Array,
  view: DataView,
  cursor: ScanCursor,
  end: number,
  layout: Layout,
  stamped: boolean,
  firstLine: number,
  batch: FlowBatch,
  { interfaces, accounts, further }: Dictionaries,
): number {
  const { kinds, targets, fullBits, hasTimes, extraRuns, hasExtra } = layout;
  const fieldCount = kinds.length;
  const fieldsBefore = layout.startsWithDefault ? DEFAULT_COUNT : 0;
  const { line, interfaceId, accountId, src, dst, srcPort, dstPort, protocol, packets } = batch;
  const { bytes: byteCounts, start: starts, end: ends, bits: bitsColumn } = batch;
  const firstRow = batch.rows;
  let row = firstRow;
  let at = cursor.offset;
  let { addr6Length } = batch;

  const root = hasExtra ? further.rootOf(layout) : 0;
  const most = Math.min(BATCH_ROWS, firstRow + ROWS_A_CALL);
  scanning: while (at < end && row < most) {
    let p = at;
    if (stamped) {
      if (!isEventTime(bytes, p)) break;
      p += EVENT_TIME_BYTES;
    }
    bitsColumn[row] = fullBits;

    if (fieldsBefore !== 0) {
      // version
      if ((bytes[p++] - 48) >>> 0 > 9) break;
      if ((bytes[p] - 48) >>> 0 <= 9) p++;
      if (bytes[p++] !== 32) break;

      // account-id interface-id
      const account = accounts.find(bytes, view, p);
      if (account < 0) break;
      accountId[row] = account;
      p += accounts.foundLength;
      if (bytes[p++] !== 32) break;
      const id = interfaces.find(bytes, view, p);
      if (id < 0) break;
      interfaceId[row] = id;
      p += interfaces.foundLength;
      if (bytes[p++] !== 32) break;

      // srcaddr dstaddr
      for (let side = 0; side < 2; side++) {
        const first = p;
        let word = 0;
        let octet = 0;
        for (; octet < 4; octet++) {
          let value = bytes[p++] - 48;
          if (value >>> 0 > 9) break;
          let byte = bytes[p++];
          let digit = byte - 48;
          if (digit >>> 0 <= 9) {
            if (value === 0) break;
            value = value * 10 + digit;
            byte = bytes[p++];
            digit = byte - 48;
            if (digit >>> 0 <= 9) {
              value = value * 10 + digit;
              if (value > 255) break;
              byte = bytes[p++];
            }
          }
          if (byte !== (octet < 3 ? 46 : 32)) break;
          word = (word << 8) | value;
        }
        if (octet < 4) {
          p = scanIpv6(bytes, first, batch);
          if (p < 0 || bytes[p++] !== 32) break scanning;
          word = batch.addr6Length - 4;
          bitsColumn[row] |= 1 << (SIX_SHIFT + side);
        }
        (side === 0 ? src : dst)[row] = word;
      }

      // srcport dstport
      for (let side = 0; side < 2; side++) {
        const first = p;
        let value = 0;
        for (let digit = bytes[p] - 48; digit >>> 0 <= 9; digit = bytes[++p] - 48) value = (value * 10 + digit) | 0;
        if (p === first || p > first + 5 || value > 65535 || bytes[p++] !== 32) break scanning;
        (side === 0 ? srcPort : dstPort)[row] = value;
      }

      // protocol
      {
        const first = p;
        let value = 0;
        for (let digit = bytes[p] - 48; digit >>> 0 <= 9; digit = bytes[++p] - 48) value = (value * 10 + digit) | 0;
        if (p === first || p > first + 3 || value > 255 || bytes[p++] !== 32) break;
        protocol[row] = value;
      }

      // packets bytes
      for (let side = 0; side < 2; side++) {
        const first = p;
        let value = 0;
        for (let digit = bytes[p] - 48; digit >>> 0 <= 9; digit = bytes[++p] - 48) value = (value * 10 + digit) | 0;
        if (p === first || p > first + 9 || bytes[p++] !== 32) break scanning;
        (side === 0 ? packets : byteCounts)[row] = value;
      }

      // start end: ten digits (2001-09-09 to 2106-02-07), eight of them as two words
      for (let side = 0; side < 2; side++) {
        const high = view.getUint32(p, true) ^ 0x30303030;
        const low = view.getUint32(p + 4, true) ^ 0x30303030;
        const tens = bytes[p + 8] - 48;
        const ones = bytes[p + 9] - 48;
        const bad = ((high + 0x06060606) | high | (low + 0x06060606) | low) & 0xf0f0f0f0;
        if (bad !== 0 || tens >>> 0 > 9 || ones >>> 0 > 9 || bytes[p + 10] !== 32) break scanning;
        const highPairs = (Math.imul(high, 10) + (high >>> 8)) & 0x00ff00ff;
        const lowPairs = (Math.imul(low, 10) + (low >>> 8)) & 0x00ff00ff;
        const million = (highPairs & 0xff) * 100 + (highPairs >>> 16);
        if (million > 4293) break scanning;
        const rest = ((lowPairs & 0xff) * 100 + (lowPairs >>> 16)) * 100 + tens * 10 + ones;
        (side === 0 ? starts : ends)[row] = Math.imul(million, 1_000_000) + rest;
        p += 11;
      }

      // action log-status
      const word = view.getUint32(p, true);
      if (word === ACCE && view.getUint32(p + 2, true) === CEPT) bitsColumn[row] |= ACTION_ACCEPT;
      else if (word === REJE && view.getUint32(p + 2, true) === JECT) bitsColumn[row] |= ACTION_REJECT;
      else break;
      if (bytes[p + 6] !== 32 || bytes[p + 7] !== 79 || bytes[p + 8] !== 75) break;
      p += 9;
      if (fieldCount > DEFAULT_COUNT && bytes[p++] !== 32) break;
    }

    let hash = root;
    if (hasExtra) further.begin();
    for (let field = fieldsBefore; field < fieldCount; field++) {
      if (hasExtra && extraRuns[field] > 0) {
        hash = further.add(hash, bytes, view, p, extraRuns[field]);
        p = further.end;
        if (p < 0) break scanning;
        field += extraRuns[field] - 1;
        if (field < fieldCount - 1 && bytes[p++] !== 32) break scanning;
        continue;
      }
      p = scanField(kinds[field], targets[field], bytes, view, p, batch, row, interfaces, accounts);
      if (p < 0 || (field < fieldCount - 1 && bytes[p++] !== 32)) break scanning;
    }

    if (hasExtra) {
      const known = further.find(root, hash, view);
      if (known < 0) break;
      batch.further[row] = known;
    }

    if (bytes[p] === 13) p++;
    if (bytes[p] !== 10 || p - at > LONGEST_LINE) break;
    // Columns of unsigned words: an end before the start is a long record, a start that is too early a late one.
    if (
      hasTimes &&
      ((ends[row] - starts[row]) >>> 0 > LONGEST_RECORD || (starts[row] - EARLIEST_TIME) >>> 0 > LAST_START)
    )
      break;
    if (bitsColumn[row] >>> SIX_SHIFT !== 0) {
      const bits = withFamilies(bitsColumn[row]);
      if (bits === 0) break;
      bitsColumn[row] = bits;
    }
    line[row] = firstLine + row - firstRow;
    row++;
    addr6Length = batch.addr6Length;
    at = p + 1;
  }
  // Takes back the addresses of a line that was begun and not taken.
  batch.addr6Length = addr6Length;
  cursor.offset = at;
  return row - firstRow;
}
