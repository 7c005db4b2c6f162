import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { absentColumns, type Layout } from "./fields.ts";
import type { FlowBatch } from "./flow-batch.ts";
import { createLineDecoder } from "./line-decoder.ts";
import { LONGEST_LINE, ROWS_A_CALL, SCAN_MARGIN, scanRecords } from "./dense/scan.ts";

/** Decodes text in the native format from chunks cut anywhere; any cut gives the same batches. */
export function createTextDecoder(options: DecoderOptions): ObjectDecoder {
  const lines = createLineDecoder(options);
  // The beginning of a line whose end has not arrived yet.
  let carry = new Uint8Array(1 << 10);
  let carried = 0;
  // Inside the rest of a line that was too long to carry.
  let dropping = false;
  let number = 1;
  const cleared = createColumnClearing(options);

  const keep = (chunk: Uint8Array, from: number, to: number): void => {
    if (dropping) return;
    const length = carried + to - from;
    if (length > LONGEST_LINE) {
      const taken = Math.min(to, from + LONGEST_LINE);
      append(chunk, from, taken);
      lines.bad(number, "line_too_long", carry, 0, carried);
      carried = 0;
      dropping = true;
      return;
    }
    append(chunk, from, to);
  };

  const append = (chunk: Uint8Array, from: number, to: number): void => {
    const length = carried + to - from;
    if (length > carry.length) {
      const grown = new Uint8Array(Math.max(length, carry.length * 2));
      grown.set(carry.subarray(0, carried));
      carry = grown;
    }
    carry.set(chunk.subarray(from, to), carried);
    carried = length;
  };

  /** Whole lines in `bytes[from, end)`. */
  const decode = (bytes: Uint8Array, from: number, end: number): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const safe = bytes.length - SCAN_MARGIN;
    const scanEnd = end <= safe ? end : safe > 0 ? bytes.lastIndexOf(10, safe - 1) + 1 : 0;
    const { rows } = lines;
    const cursor = { offset: from };
    while (cursor.offset < end) {
      // The scanner leaves out the times of events, which only records without their own need.
      if (cursor.offset < scanEnd && lines.layout.scannable && (lines.layout.hasTimes || !lines.stamped)) {
        const { batch } = rows;
        cleared(batch, lines.layout);
        const scanned = scanRecords(bytes, view, cursor, scanEnd, lines.layout, lines.stamped, number, batch, options);
        number += scanned;
        const full = scanned > 0 && rows.advance(scanned);
        if (full || cursor.offset === end || scanned === ROWS_A_CALL) continue;
      }
      const newline = bytes.indexOf(10, cursor.offset);
      lines.line(bytes, cursor.offset, newline, number++);
      cursor.offset = newline + 1;
    }
  };

  const stop = (): void => {
    carried = 0;
    dropping = false;
    lines.finish();
  };

  return {
    push(given) {
      // Never a Buffer: V8 compiles the scanner for one type of array, and again when it meets another.
      const chunk = new Uint8Array(given.buffer, given.byteOffset, given.length);
      let from = 0;
      if (carried > 0 || dropping) {
        const newline = chunk.indexOf(10);
        keep(chunk, 0, newline < 0 ? chunk.length : newline);
        if (newline < 0) return;
        if (!dropping) lines.line(carry, 0, carried, number);
        number++;
        carried = 0;
        dropping = false;
        from = newline + 1;
      }
      const end = chunk.lastIndexOf(10) + 1;
      if (end > from) decode(chunk, from, end);
      if (chunk.length > Math.max(from, end)) keep(chunk, Math.max(from, end), chunk.length);
    },
    finish() {
      if (carried > 0 && !dropping) lines.line(carry, 0, carried, number);
      if (carried > 0 || dropping) number++;
      stop();
    },
    abort(reason) {
      lines.bad(number++, reason, carry, 0, dropping ? 0 : carried);
      stop();
    },
    totals: () => ({ ...lines.totals(), lines: number - 1 }),
  };
}

/** The scanner writes only the columns of its layout, so the others of a reused batch are cleared once before. */
function createColumnClearing({ interfaces, accounts }: DecoderOptions): (batch: FlowBatch, layout: Layout) => void {
  let lastBatch: FlowBatch | null = null;
  let lastLayout: Layout | null = null;
  return (batch, layout) => {
    if (batch === lastBatch && layout === lastLayout && batch.rows > 0) return;
    lastBatch = batch;
    lastLayout = layout;
    const { rows } = batch;
    for (const column of absentColumns(batch, layout)) column.fill(0, rows);
    if (!layout.hasInterface) batch.interfaceId.fill(interfaces.idOf("-"), rows);
    if (!layout.hasAccount) batch.accountId.fill(accounts.idOf("-"), rows);
  };
}
