import {
  BAD_LINE_TEXT,
  badLineText,
  createRowWriter,
  type DecoderOptions,
  type DecodeTotals,
  type RowWriter,
} from "./decoder.ts";
import { EVENT_TIME_BYTES, isEventTime } from "./dense/scan-field.ts";
import { LONGEST_LINE } from "./dense/scan.ts";
import { compileLayout, DEFAULT_FIELDS, fieldNamed, type Layout } from "./fields.ts";
import { countFields, createRecordParser } from "./record.ts";
import { readTime } from "./times.ts";

/** Decodes line by line and remembers what a line says about the next: the layout, and whether event times come first. */
export interface LineDecoder {
  readonly layout: Layout;
  /** The last record had an event time before it. */
  readonly stamped: boolean;
  readonly rows: RowWriter;
  totals(): Omit<DecodeTotals, "lines">;
  /** A line without its line end: a record, a header, blank, a comment (`#`), or bad. */
  line(bytes: Uint8Array, from: number, to: number, number: number): void;
  /** The same for a line that came out of another format, with the time of its event (Unix seconds, -1: none). */
  text(text: string, number: number, eventTime?: number): void;
  /** A record that came out of another format, never blank or a header. */
  record(text: string, number: number, eventTime?: number): void;
  useFields(names: readonly string[]): void;
  badText(number: number, reason: string, text: string): void;
  bad(number: number, reason: string, bytes: Uint8Array, from: number, to: number): void;
}

/** AWS writes this into a bucket to test its permission; exports put it before the first record, without a line end. */
export const PERMISSION_CHECK: Uint8Array = Buffer.from("Permission Check Successful");
const BYTE_ORDER_MARK = Buffer.from("\u{feff}");
const FIELD_NAME = /^[a-z][a-z0-9_-]*$/;
const ENCODER = new TextEncoder();

export function createLineDecoder(options: DecoderOptions): LineDecoder {
  const { sink } = options;
  const rows = createRowWriter(sink);
  const parser = createRecordParser(options);
  let layout = compileLayout(options.fields ?? DEFAULT_FIELDS);
  let stamped = false;
  let badLines = 0;

  const bad = (number: number, reason: string, bytes: Uint8Array, from: number, to: number): void => {
    badLines++;
    sink.badLine({ line: number, reason, text: badLineText(bytes, from, to) });
  };

  /** A header holds field names only, most of them known. Concatenated objects have headers in the middle. */
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

  const line = (bytes: Uint8Array, lineFrom: number, lineTo: number, number: number, eventTime = -1): void => {
    let from = lineFrom;
    let to = lineTo;
    if (to > from && bytes[to - 1] === 13) to--;
    if (lineTo - from > LONGEST_LINE) return bad(number, "line_too_long", bytes, from, to);
    if (number === 1 && startsWith(bytes, from, to, BYTE_ORDER_MARK)) from += BYTE_ORDER_MARK.length;
    from = skipBlanks(bytes, from, to);
    if (startsWith(bytes, from, to, PERMISSION_CHECK)) from = skipBlanks(bytes, from + PERMISSION_CHECK.length, to);
    if (from === to || bytes[from] === 35) return;
    const isStamped = to - from >= EVENT_TIME_BYTES && isEventTime(bytes, from);
    const start = isStamped ? from + EVENT_TIME_BYTES : afterTail(bytes, from, to, layout.kinds.length);
    const time = start > from ? readTime(wordAt(bytes, from, to)) : eventTime;
    const isLowerCase = bytes[start] >= 97 && bytes[start] <= 122;
    if (isLowerCase && takeHeader(bytes, start, to)) return;
    stamped = isStamped;
    recordOrBad(bytes, from, start, to, number, time);
  };

  /** A line that is no header; its record begins at `start`, after the event time. */
  const recordOrBad = (
    bytes: Uint8Array,
    from: number,
    start: number,
    to: number,
    number: number,
    eventTime: number,
  ): void => {
    let reason: string | null = layout.unusable;
    if (reason === null) {
      reason = parser.parse(bytes, start, to, layout, number, rows.batch, eventTime);
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
    totals: () => ({ records: rows.written, badLines }),
    line,
    text(text, number, eventTime) {
      const bytes = ENCODER.encode(text);
      line(bytes, 0, bytes.length, number, eventTime);
    },
    record(text, number, eventTime = -1) {
      const bytes = ENCODER.encode(text);
      if (bytes.length > LONGEST_LINE) bad(number, "line_too_long", bytes, 0, bytes.length);
      else recordOrBad(bytes, 0, 0, bytes.length, number, eventTime);
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

/**
 * Where the record begins in a line of `aws logs tail`: behind its time, and its stream in the long form. At `from` in any
 * other line.
 */
function afterTail(bytes: Uint8Array, from: number, to: number, fields: number): number {
  if (bytes[from + 4] !== 45 || bytes[from + 10] !== 84) return from;
  const more = countFields(bytes, from, to) - fields;
  if (more < 1 || more > 2 || readTime(wordAt(bytes, from, to)) < 0) return from;
  let at = from;
  for (let word = 0; word < more; word++) at = skipBlanks(bytes, at + wordAt(bytes, at, to).length, to);
  return at;
}

/** The characters from `from` on up to a blank. */
function wordAt(bytes: Uint8Array, from: number, to: number): string {
  let end = from;
  while (end < to && bytes[end] !== 32 && bytes[end] !== 9) end++;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString("latin1");
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (bytes[from + index] !== prefix[index]) return false;
  return true;
}

/** Control bytes other than the tab show that binary content was taken for text. */
function hasControlBytes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] < 32 && bytes[at] !== 9) || bytes[at] === 127) return true;
  return false;
}

const TRANSIT_GATEWAY = Buffer.from(" tgw-");

/** Without a header, only the ids in it show that a line is a transit gateway record. */
function mentionsTransitGateway(bytes: Uint8Array, from: number, to: number): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).includes(TRANSIT_GATEWAY);
}
