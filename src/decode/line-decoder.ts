import { EVENT_TIME_BYTES, isEventTime } from "./dense/scan-field.ts";
import { type Dictionaries, LONGEST_LINE } from "./dense/scan.ts";
import { compileLayout, DEFAULT_FIELDS, fieldNamed, type Layout } from "./fields.ts";
import { BAD_LINE_TEXT, BATCH_ROWS, type DecodeSink, type FlowBatch } from "./flow-batch.ts";
import { createRecordReader } from "./record.ts";

export interface LineDecoderOptions extends Dictionaries {
  /** Field names of lines that no header line precedes (`parseFieldList`); the default format without it. */
  readonly fields?: readonly string[];
  readonly sink: DecodeSink;
}

/** Judges single lines and keeps what one line says about the next: the layout, and whether event times come first. */
export interface LineDecoder {
  readonly layout: Layout;
  readonly stamped: boolean;
  readonly rows: RowWriter;
  /** Records written. */
  readonly records: number;
  readonly badLines: number;
  /** A line without its line end: a record, a header, blank, a comment (`#`), or bad. */
  line(bytes: Uint8Array, from: number, to: number, number: number): void;
  /** The same for a line that came out of another format. */
  text(text: string, number: number): void;
  /** A record that came out of another format, never blank or a header. */
  record(text: string, number: number): void;
  useFields(names: readonly string[]): void;
  badText(number: number, reason: string, text: string): void;
  bad(number: number, reason: string, bytes: Uint8Array, from: number, to: number): void;
}

/** What AWS writes into a bucket to try its permission; exports glue it to the first record. */
export const PERMISSION_CHECK: Uint8Array = Buffer.from("Permission Check Successful");
const BYTE_ORDER_MARK = Buffer.from("\u{feff}");
const FIELD_NAME = /^[a-z][a-z0-9_-]*$/;
const ENCODER = new TextEncoder();

export function createLineDecoder(options: LineDecoderOptions): LineDecoder {
  const { sink } = options;
  const rows = createRowWriter(sink);
  const reader = createRecordReader(options);
  let layout = compileLayout(options.fields ?? DEFAULT_FIELDS);
  let stamped = false;
  let badLines = 0;

  const bad = (number: number, reason: string, bytes: Uint8Array, from: number, to: number): void => {
    badLines++;
    sink.badLine({ line: number, reason, text: badLineText(bytes, from, to) });
  };

  /** A header is made of field names only, most of them known: concatenated objects have one in the middle. */
  const takeHeader = (bytes: Uint8Array, from: number, to: number): boolean => {
    const names = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from)
      .toString("latin1")
      .split(/[ \t]+/)
      .filter((name) => name !== "");
    if (!names.every((name) => FIELD_NAME.test(name))) return false;
    if (names.filter((name) => fieldNamed(name) !== undefined).length * 2 <= names.length) return false;
    layout = compileLayout(names);
    return true;
  };

  const line = (bytes: Uint8Array, lineFrom: number, lineTo: number, number: number): void => {
    let from = lineFrom;
    let to = lineTo;
    if (to > from && bytes[to - 1] === 13) to--;
    if (lineTo - from > LONGEST_LINE) return bad(number, "line_too_long", bytes, from, to);
    if (number === 1 && startsWith(bytes, from, to, BYTE_ORDER_MARK)) from += BYTE_ORDER_MARK.length;
    from = skipBlanks(bytes, from, to);
    if (startsWith(bytes, from, to, PERMISSION_CHECK)) from = skipBlanks(bytes, from + PERMISSION_CHECK.length, to);
    if (from === to || bytes[from] === 35) return;
    const isStamped = to - from >= EVENT_TIME_BYTES && isEventTime(bytes, from);
    const start = isStamped ? from + EVENT_TIME_BYTES : from;
    const isLowerCase = bytes[start] >= 97 && bytes[start] <= 122;
    if (isLowerCase && takeHeader(bytes, start, to)) return;
    stamped = isStamped;
    judge(bytes, from, start, to, number);
  };

  /** `start`: where the record begins in the line, behind its event time. */
  const judge = (bytes: Uint8Array, from: number, start: number, to: number, number: number): void => {
    let reason: string | null = layout.unusable;
    if (reason === null) {
      reason = reader.read(bytes, start, to, layout, number, rows.batch);
      if (reason === null) {
        rows.advance(1);
        return;
      }
      if (hasControlBytes(bytes, from, to)) reason = "binary_data";
      else if (reason === "wrong_field_count" && mentionsTransitGateway(bytes, from, to))
        reason = "transit_gateway_record";
    }
    bad(number, reason, bytes, from, to);
  };

  return {
    get layout() {
      return layout;
    },
    get stamped() {
      return stamped;
    },
    rows,
    get records() {
      return rows.written;
    },
    get badLines() {
      return badLines;
    },
    line,
    text(text, number) {
      const bytes = ENCODER.encode(text);
      line(bytes, 0, bytes.length, number);
    },
    record(text, number) {
      const bytes = ENCODER.encode(text);
      if (bytes.length > LONGEST_LINE) bad(number, "line_too_long", bytes, 0, bytes.length);
      else judge(bytes, 0, 0, bytes.length, number);
    },
    useFields(names) {
      layout = compileLayout(names);
    },
    badText(number, reason, text) {
      const bytes = ENCODER.encode(text.slice(0, BAD_LINE_TEXT));
      bad(number, reason, bytes, 0, bytes.length);
    },
    bad,
  };
}

function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === 32 || bytes[at] === 9)) at++;
  return at;
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (bytes[from + index] !== prefix[index]) return false;
  return true;
}

/** Control bytes other than the tab: compressed or otherwise binary content that was taken for text. */
function hasControlBytes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] < 32 && bytes[at] !== 9) || bytes[at] === 127) return true;
  return false;
}

const TRANSIT_GATEWAY = Buffer.from(" tgw-");

/** A transit gateway record has no interface and no action; without a header only its ids give it away. */
function mentionsTransitGateway(bytes: Uint8Array, from: number, to: number): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).includes(TRANSIT_GATEWAY);
}

/** Fills batches and hands each over as soon as it is full. */
interface RowWriter {
  /** The batch being filled; its `rows` is the index of the next row, always below BATCH_ROWS. */
  readonly batch: FlowBatch;
  /** Rows written in total. */
  readonly written: number;
  /** Counts rows that were filled in `batch` from `batch.rows` on. True when that filled it and it was handed over. */
  advance(rows: number): boolean;
  /** Hands over what is there. */
  flush(): void;
}

function createRowWriter(sink: DecodeSink): RowWriter {
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
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text of a bad line for keeping: its first BAD_LINE_TEXT characters, control characters as `\x1b` or `\u{202e}`. */
function badLineText(bytes: Uint8Array, from: number, to: number): string {
  // Four bytes are the most that one character takes.
  const text = DECODER.decode(bytes.subarray(from, Math.min(to, from + BAD_LINE_TEXT * 4)));
  const safe = text.slice(0, BAD_LINE_TEXT).replace(UNSAFE, (char) => {
    const hex = char.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u{${hex}}` : `\\x${hex.padStart(2, "0")}`;
  });
  // Half a character pair at the cut is left out.
  return safe.slice(0, BAD_LINE_TEXT).replace(/[\ud800-\udbff]$/, "");
}
