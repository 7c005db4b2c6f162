import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { DEFAULT_FIELDS } from "./fields.ts";
import { createLineDecoder } from "./line-decoder.ts";
import { columnsNamed, createNamedRows } from "./named-rows.ts";
import { readTime } from "./times.ts";

/** What CloudWatch Logs sends to try a subscription. */
const CONTROL_MESSAGE = "CWL CONTROL MESSAGE";

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Decodes JSON in the shapes that flow logs come in: subscription documents and answers of `aws logs` (lists of events
 * with a `message`, query results), lines with a `message` (Firehose), strings, and objects keyed by field names. The
 * line of a record is its number among the records of the object.
 */
export function createJsonDecoder(options: DecoderOptions): ObjectDecoder {
  const expected = options.fields ?? DEFAULT_FIELDS;
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  let number = 0;
  // Objects of one file have the same keys: the columns are worked out once.
  let keys = "";
  let known = false;

  const message = (text: string, eventTime = -1): void => {
    if (text.startsWith(CONTROL_MESSAGE)) return;
    if (keys !== "") lines.useFields(expected);
    keys = "";
    lines.text(text.trimEnd(), ++number, eventTime);
  };

  const named = (names: readonly string[], values: readonly unknown[], value: unknown): void => {
    const key = names.join("\n");
    if (key !== keys) {
      const columns = columnsNamed(names, []);
      known = columns !== null;
      keys = key;
      if (columns) rows.use(columns);
    }
    number++;
    if (known) rows.row(values, number);
    else lines.badText(number, "unknown_json", JSON.stringify(value));
  };

  const object = (value: JsonObject): void => {
    const events = [value.logEvents, value.events].find((list) => Array.isArray(list));
    if (Array.isArray(events)) for (const event of events) item(event);
    else if (typeof value.message === "string") message(value.message, readTime(String(value.timestamp)));
    else if (typeof value["@message"] === "string") message(value["@message"], readTime(String(value["@timestamp"])));
    else named(Object.keys(value), Object.values(value), value);
  };

  const item = (value: unknown): void => {
    if (typeof value === "string") message(value);
    else if (Array.isArray(value)) {
      // A row of query results: [{"field": "srcAddr", "value": "10.0.0.1"}, …].
      const cells = value.filter(isObject);
      named(
        cells.map((cell) => String(cell.field)),
        cells.map((cell) => cell.value),
        value,
      );
    } else if (isObject(value)) object(value);
    else lines.badText(++number, "unknown_json", JSON.stringify(value));
  };

  const cutter = createJsonCutter({
    value(text) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        lines.badText(++number, "invalid_json", text);
        return;
      }
      item(value);
    },
    bad: (reason, text) => lines.badText(++number, reason, text),
  });

  return {
    push: (chunk) => cutter.push(chunk),
    finish() {
      const rest = cutter.finish();
      if (rest !== "") lines.badText(++number, "invalid_json", rest);
      lines.rows.flush();
    },
    abort(reason) {
      lines.badText(++number, reason, cutter.finish());
      lines.rows.flush();
    },
    totals: () => ({ ...lines.totals(), lines: number }),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Longest JSON value taken, in bytes: a subscription document has 1 MiB at most, a page of query results 5 MB. */
const LONGEST_VALUE = 16 * 2 ** 20;

/** Deepest nesting taken: a flow log has three levels, and what is nested tens of thousands deep can be parsed but not written. */
const DEEPEST = 100;

/** Lists that are read element by element, however long: of subscriptions, of `aws logs` answers, of exports. */
const LIST_KEY = /"(?:logEvents|events|results|records|Records)"\s*:\s*$/;
const LIST_KEY_BYTES = 64;
const TEXT_BYTES = 1000;

const NEWLINE = 10;
const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

interface JsonValueSink {
  /** A whole value: an object, an array or a string, not parsed yet. */
  value(text: string): void;
  /** What is no value: the rest of a line, or the beginning of a value that broke off, is too long or too deep. */
  bad(reason: "invalid_json" | "json_too_long" | "json_too_deep", text: string): void;
}

/** Cuts a JSON text into values without holding more than one of them. */
interface JsonCutter {
  push(chunk: Uint8Array): void;
  /** The end; returns what is left of an unfinished value, unless that was bad already. */
  finish(): string;
}

/**
 * Values may follow each other in any way: one a line, without separator, as elements of an array or of a list in an
 * object (LIST_KEY; the rest of that object is dropped). A line end within a string means that the value broke off
 * there, and so does one within a value after values that had a line of their own.
 */
function createJsonCutter(sink: JsonValueSink): JsonCutter {
  let buffer = new Uint8Array(1 << 12);
  let used = 0;
  // Containers that are read element by element: an array around everything, a list within an object.
  let inArray = false;
  let inList = false;
  // The value being read: nothing yet when `depth` is 0 and neither flag is set.
  let depth = 0;
  let inString = false;
  let escaped = false;
  let stray = false;
  let dropping = false;
  let spansLines = false;
  let valuesOnLines = 0;

  const text = (bytes = used): string => Buffer.from(buffer.buffer, 0, Math.min(bytes, used)).toString("utf8");
  const tail = (): string => Buffer.from(buffer.subarray(Math.max(0, used - LIST_KEY_BYTES), used)).toString("latin1");
  const save = (chunk: Uint8Array, from: number, to: number): void => {
    if (dropping || to <= from) return;
    const length = used + to - from;
    if (length > LONGEST_VALUE) {
      sink.bad("json_too_long", text(TEXT_BYTES));
      dropping = true;
      return;
    }
    if (length > buffer.length) {
      const grown = new Uint8Array(Math.max(length, buffer.length * 2));
      grown.set(buffer.subarray(0, used));
      buffer = grown;
    }
    buffer.set(chunk.subarray(from, to), used);
    used = length;
  };
  /** Bytes up to `to` have begun another level; true where that is one too many. */
  const isTooDeep = (chunk: Uint8Array, from: number, to: number): boolean => {
    if (depth <= DEEPEST || dropping) return false;
    save(chunk, from, to);
    if (!dropping) sink.bad("json_too_deep", text(TEXT_BYTES));
    return (dropping = true);
  };
  const clear = (): void => {
    used = depth = 0;
    inString = escaped = stray = dropping = spansLines = false;
  };
  const complete = (): void => {
    const value = dropping ? null : text();
    valuesOnLines = spansLines ? -Infinity : valuesOnLines + 1;
    clear();
    if (value !== null) sink.value(value);
  };
  const brokenOff = (): void => {
    const rest = dropping ? null : text(TEXT_BYTES);
    clear();
    if (rest !== null) sink.bad("invalid_json", rest);
  };
  const isBetween = (): boolean => depth === 0 && !inString && !stray;

  /** A byte outside all values; true when it begins one. */
  const begin = (byte: number): boolean => {
    if (byte <= 32 || byte === COMMA || BYTE_ORDER_MARK.includes(byte)) return false;
    if (byte === OPEN_LIST && !inArray && !inList) {
      inArray = true;
      return false;
    }
    if (byte === CLOSE_LIST && inList) {
      // The object around the list has said what it had to say.
      inList = false;
      depth = 1;
      dropping = true;
      return false;
    }
    if (byte === CLOSE_LIST && inArray) {
      inArray = false;
      return false;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth = 1;
    else if (byte === QUOTE) inString = true;
    else stray = true;
    return true;
  };

  return {
    push(chunk) {
      // Bytes of the value that are not in the buffer yet begin here.
      let from = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) {
            inString = false;
            if (depth > 0) continue;
            save(chunk, from, at + 1);
            complete();
          } else if (byte === NEWLINE) {
            save(chunk, from, at);
            brokenOff();
          }
        } else if (isBetween()) {
          if (begin(byte)) from = at;
        } else if (byte === NEWLINE) {
          if (!stray && valuesOnLines <= 0) {
            spansLines = true;
            continue;
          }
          save(chunk, from, at);
          brokenOff();
        } else if (stray) {
          // Numbers and the like end at a comma where elements are expected.
          if (!(inArray || inList) || (byte !== COMMA && byte !== CLOSE_LIST)) continue;
          save(chunk, from, at);
          brokenOff();
          begin(byte);
        } else if (byte === QUOTE) {
          inString = true;
        } else if (byte === OPEN_OBJECT) {
          depth++;
          if (isTooDeep(chunk, from, at + 1)) from = at + 1;
        } else if (byte === OPEN_LIST) {
          if (depth++ > 1 || inList || dropping) {
            if (isTooDeep(chunk, from, at + 1)) from = at + 1;
            continue;
          }
          save(chunk, from, at);
          from = at;
          if (!LIST_KEY.test(tail())) continue;
          clear();
          inList = true;
        } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
          if (--depth > 0) continue;
          save(chunk, from, at + 1);
          complete();
        }
      }
      if (!isBetween()) save(chunk, from, chunk.length);
    },
    finish() {
      // What is being given up has been reported.
      const rest = dropping ? "" : text();
      clear();
      return rest;
    },
  };
}
