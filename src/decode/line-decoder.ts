import {
  BAD_LINE_TEXT,
  badLineText,
  createRowWriter,
  type DecoderOptions,
  type DecodeTotals,
  type RowWriter,
} from "./decoder.ts";
import { EVENT_TIME_BYTES, isEventTime } from "./dense/scan-field.ts";
import { ByteDictionary } from "./dense/dictionary.ts";
import { FurtherSets } from "./dense/further-sets.ts";
import { LONGEST_LINE } from "./dense/scan.ts";
import { COMMON_ORDERS } from "./common-orders.ts";
import { compileLayout, DEFAULT_FIELDS, fieldNamed, type Layout } from "./fields.ts";
import { FlowBatch } from "./flow-batch.ts";
import { prefixOf, skipBlanks, wordAt } from "./line-prefix.ts";
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
  /** The end: hands over the last batch, and tells what a user should know of the lines as a whole. */
  finish(): void;
}

/** AWS writes this into a bucket to test its permission; exports put it before the first record, without a line end. */
export const PERMISSION_CHECK: Uint8Array = Buffer.from("Permission Check Successful");
const BYTE_ORDER_MARK = Buffer.from("\u{feff}");
/** Different numbers of fields that are told apart. */
const MOST_COUNTS = 100;
const FIELD_NAME = /^[a-z][a-z0-9_-]*$/;
const ENCODER = new TextEncoder();

export function createLineDecoder(options: DecoderOptions): LineDecoder {
  const { sink } = options;
  const rows = createRowWriter(sink);
  const parser = createRecordParser(options);
  let layout = compileLayout(options.fields ?? DEFAULT_FIELDS);
  /** Without a header and without `--fields`, the default format is assumed. */
  let order: "known" | "assumed" = options.fields === undefined ? "assumed" : "known";
  const wrongCounts = new Map<number, number>();
  let stamped = false;
  let badLines = 0;

  const bad = (number: number, reason: string, bytes: Uint8Array, from: number, to: number): void => {
    badLines++;
    sink.badLine({ line: number, reason, text: badLineText(bytes, from, to) });
  };

  /** The same with the field that the parser could not read, if it was one. */
  const badRecord = (number: number, reason: string, bytes: Uint8Array, from: number, to: number): void => {
    const { field, from: start, to: end } = parser.fault;
    if (field < 0 || layout.unusable !== null || reason === "binary_data") return bad(number, reason, bytes, from, to);
    badLines++;
    const place = { field: layout.names[field].replaceAll("_", "-"), value: badLineText(bytes, start, end) };
    sink.badLine({ line: number, reason, text: badLineText(bytes, from, to), ...place });
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
    order = "known";
    return true;
  };

  const countWrong = (bytes: Uint8Array, from: number, to: number): void => {
    const count = countFields(bytes, from, to);
    if (wrongCounts.size < MOST_COUNTS || wrongCounts.has(count))
      wrongCounts.set(count, (wrongCounts.get(count) ?? 0) + 1);
  };

  /** If most lines have another number of fields, they are of another format. */
  const noteWrongCounts = (): void => {
    const wrong = [...wrongCounts.values()].reduce((sum, lines) => sum + lines, 0);
    if (wrong < 2 || wrong <= rows.written) return;
    const [count] = [...wrongCounts].reduce((most, one) => (one[1] > most[1] ? one : most));
    const expected = `${layout.names.length} of ${order === "assumed" ? "the default format" : "their format"}`;
    sink.note?.(
      `${wrong} of ${wrong + rows.written} lines have the wrong number of fields: most have ${count}, not the ${expected}; ` +
        "give the order of the flow log's fields with --fields",
    );
  };

  /** Before a record was read, for a line of another length: whether it is in an order that many formats have. */
  const takeKnownOrder = (bytes: Uint8Array, from: number, to: number, number: number): boolean => {
    if (order !== "assumed" || rows.written > 0) return false;
    const count = countFields(bytes, from, to);
    // Names of its own: a wrong order would take any word for an interface.
    const trial = createRecordParser({
      interfaces: new ByteDictionary(),
      accounts: new ByteDictionary(),
      further: new FurtherSets(),
    });
    const fits = COMMON_ORDERS.filter((one) => one.names.length === count).filter(
      ({ names }) => trial.parse(bytes, from, to, compileLayout(names), number, new FlowBatch(), -1) === null,
    );
    if (fits.length !== 1) return false;
    layout = compileLayout(fits[0].names);
    order = "known";
    sink.note?.(
      `no line names the fields: read as ${fits[0].what}; if the flow log has another order, give it with --fields`,
    );
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
    const start = isStamped ? from + EVENT_TIME_BYTES : from;
    const isLowerCase = bytes[start] >= 97 && bytes[start] <= 122;
    if (isLowerCase && takeHeader(bytes, start, to)) return;
    stamped = isStamped;
    const time = isStamped ? readTime(wordAt(bytes, from, to)) : eventTime;
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
      if (reason === "wrong_field_count") {
        const prefix = prefixOf(bytes, start, to, countFields(bytes, start, to) - layout.kinds.length);
        if (prefix !== null) {
          const time = prefix.time >= 0 ? prefix.time : eventTime;
          const behind = parser.parse(bytes, prefix.end, to, layout, number, rows.batch, time);
          if (behind === null || prefix.time >= 0) reason = behind;
        } else if (takeKnownOrder(bytes, start, to, number)) {
          reason = parser.parse(bytes, start, to, layout, number, rows.batch, eventTime);
        }
      }
      if (reason === null) {
        rows.advance(1);
        return;
      }
      if (reason === "wrong_field_count") countWrong(bytes, start, to);
      if (hasControlBytes(bytes, from, to)) reason = "binary_data";
      else if (reason === "wrong_field_count" && mentionsTransitGateway(bytes, from, to))
        reason = "transit_gateway_record";
    }
    badRecord(number, reason, bytes, from, to);
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
    finish() {
      rows.flush();
      noteWrongCounts();
    },
  };
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
