import type { Dictionaries } from "./dense/scan.ts";
import { BATCH_ROWS, type FlowBatch } from "./flow-batch.ts";

/** Turns the bytes of one object, cut anywhere, into batches and bad lines. */
export interface ObjectDecoder {
  /** `chunk` may be reused afterwards. */
  push(chunk: Uint8Array): void;
  /** The end: what is left is decoded and the last batch handed over. */
  finish(): void | Promise<void>;
  /** The end of an object that broke off: what is left of a record is bad for `reason`. The last batch is handed over. */
  abort(reason: string): void;
  /** What has been decoded so far. */
  totals(): DecodeTotals;
}

export interface DecodeTotals {
  readonly records: number;
  readonly badLines: number;
  /** The number of the last line, or of the last record where the format has no lines. */
  readonly lines: number;
}

export interface DecoderOptions extends Dictionaries {
  /** Field names of lines that no header line precedes (`parseFieldList`); the default format without it. */
  readonly fields?: readonly string[];
  readonly sink: DecodeSink;
}

/** A line that is no record, with its text truncated to `BAD_LINE_TEXT` characters. */
export interface BadLine {
  readonly line: number;
  /** snake_case, e.g. `wrong_field_count`, `invalid_address`, `invalid_number`, `invalid_action`, `line_too_long`. */
  readonly reason: string;
  readonly text: string;
  /** The field that could not be read, in AWS's spelling, and its value; absent where the line as a whole is bad. */
  readonly field?: string;
  readonly value?: string;
}

export const BAD_LINE_TEXT = 200;

/** Receives what a decoder produces, in the order of the lines. */
export interface DecodeSink {
  /** An empty batch to fill (a new one, or one that came back from the consumer). */
  allocate(): FlowBatch;
  /** Takes over a filled batch (1..BATCH_ROWS rows). */
  batch(batch: FlowBatch): void;
  badLine(bad: BadLine): void;
  /** What a user should know of the object as a whole: how it was read, or why it cannot be. */
  note?(text: string): void;
}

/** Fills batches and hands each over as soon as it is full. */
export interface RowWriter {
  /** The batch being filled; its `rows` is the index of the next row, always below BATCH_ROWS. */
  readonly batch: FlowBatch;
  /** Rows written in total. */
  readonly written: number;
  /** Counts rows that were filled in `batch` from `batch.rows` on. True when that filled it and it was handed over. */
  advance(rows: number): boolean;
  /** Hands over what is there. */
  flush(): void;
}

export function createRowWriter(sink: DecodeSink): RowWriter {
  let batch: FlowBatch | null = null;
  let handedOver = 0;
  const current = (): FlowBatch => {
    if (batch === null) {
      batch = sink.allocate();
      batch.rows = 0;
      batch.addr6Length = 0;
    }
    return batch;
  };
  const flush = (): void => {
    const full = batch;
    if (full === null || full.rows === 0) return;
    batch = null;
    handedOver += full.rows;
    sink.batch(full);
  };
  return {
    get batch() {
      return current();
    },
    get written() {
      return handedOver + (batch?.rows ?? 0);
    },
    advance(rows) {
      const filled = current();
      filled.rows += rows;
      if (filled.rows < BATCH_ROWS) return false;
      flush();
      return true;
    },
    flush,
  };
}

const DECODER = new TextDecoder();
// C0, DEL, C1, and the marks that reorder or hide text (Unicode TR36 3.2).
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text that is kept of a bad line: its first BAD_LINE_TEXT characters, control characters as `\x1b` or `\u{202e}`. */
export function badLineText(bytes: Uint8Array, from: number, to: number): string {
  // A character takes four bytes at most.
  const text = DECODER.decode(bytes.subarray(from, Math.min(to, from + BAD_LINE_TEXT * 4)));
  const safe = text.slice(0, BAD_LINE_TEXT).replace(UNSAFE, (char) => {
    const hex = char.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u{${hex}}` : `\\x${hex.padStart(2, "0")}`;
  });
  // The cut may have halved a surrogate pair.
  return safe.slice(0, BAD_LINE_TEXT).replace(/[\ud800-\udbff]$/, "");
}
