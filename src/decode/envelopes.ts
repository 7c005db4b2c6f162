import { gunzipSync } from "node:zlib";
import { columnNamed } from "./column-names.ts";
import { isBinary } from "./containers/kinds.ts";
import { createJsonCutter } from "./json-cutter.ts";
import { columnsNamed, MESSAGE_NAMES } from "./named-rows.ts";
import { readTime } from "./times.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** What is in an envelope, in its order. */
export interface Contents {
  /** One line of text, which may be a record; `eventTime` (Unix seconds, -1: unknown) is that of its event. */
  line(text: string, eventTime: number): void;
  /** Values by the names of fields. */
  row(names: readonly string[], values: readonly unknown[], eventTime: number): void;
  /** What holds no record. */
  bad(reason: "unknown_json" | "invalid_json" | "corrupt_gzip", text: string): void;
}

/** What CloudWatch Logs sends to try a subscription. */
const CONTROL_MESSAGE = "CWL CONTROL MESSAGE";
/** Lists of events or records: subscriptions, `aws logs`, Firehose, Kinesis and Lambda, SQS, Elasticsearch, OpenTelemetry. */
const LISTS = ["logEvents", "events", "results", "records", "Records", "Messages", "hits", "logRecords"];
/** An event alone, with what is known of it beside it: Elasticsearch, Splunk. */
const WRAPPERS = ["_source", "result"];
/** Base64: Firehose, Kinesis (and its own answers), CloudWatch Logs in Lambda, Firehose's failures. */
const PACKED = ["data", "Data", "rawData"];
const EVENT_TIMES = ["timestamp", "@timestamp", "_time", "time", "date", "ts"];
/** Envelopes are put into each other: a record in a subscription in Kinesis in Lambda. */
const DEEPEST = 8;
const MOST_UNPACKED = 64 * 2 ** 20;

/** Keys that are remembered as those of a record, or of none. */
const MOST_REMEMBERED = 1000;

/**
 * Makes what takes the records out of a parsed JSON value: subscription documents (as they are, in Firehose, Kinesis or Lambda), answers of
 * `aws logs`, lines under the names that log shippers give them, and objects keyed by field names. What is in an envelope of
 * an unknown kind is found if it looks like a record of `fieldCount` fields.
 */
export function createEnvelopeOpener(fieldCount: number, contents: Contents): (value: unknown) => void {
  // Objects of one file have the same keys: the names are looked at once.
  const known = new Map<string, boolean>();
  const isRecord = (names: readonly string[]): boolean => {
    const key = names.join("\n");
    let answer = known.get(key);
    if (answer === undefined) {
      answer = columnsNamed(names, [])?.kind === "fields";
      if (known.size === MOST_REMEMBERED) known.clear();
      known.set(key, answer);
    }
    return answer;
  };
  const unknown = (value: unknown): void => contents.bad("unknown_json", JSON.stringify(value) ?? "");

  /** Every element counts: as what it holds, or as unknown. */
  const list = (elements: readonly unknown[], time: number, depth: number): true => {
    for (const element of elements) if (!open(element, time, depth)) unknown(element);
    return true;
  };

  /** True if there was something in it that could be told. */
  const open = (value: unknown, time: number, depth: number): boolean => {
    if (depth > DEEPEST) return false;
    if (typeof value === "string") return text(value, time, depth);
    if (Array.isArray(value)) return elements(value, time, depth);
    return isObject(value) && object(value, eventTime(value) ?? time, depth);
  };

  const object = (value: JsonObject, time: number, depth: number): boolean => {
    if (value.messageType === "CONTROL_MESSAGE") return true;
    for (const key of WRAPPERS) if (isObject(value[key])) return open(value[key], time, depth + 1);
    const [names, values] = flatten(value);
    if (isRecord(names)) {
      contents.row(names, values, time);
      return true;
    }
    for (const key of LISTS) if (Array.isArray(value[key])) return list(value[key], time, depth + 1);
    for (const path of MESSAGE_NAMES) {
      const message = at(value, path);
      if (typeof message === "string") return text(message, time, depth + 1);
    }
    for (const key of PACKED) {
      const blob = value[key];
      if (typeof blob === "string" && packed(blob, time, depth + 1)) return true;
    }
    const table = athenaRows(value);
    if (table !== null) return athena(table);
    return inside(Object.values(value), time, depth);
  };

  const elements = (value: readonly unknown[], time: number, depth: number): boolean => {
    // A row of query results: [{"field": "srcAddr", "value": "10.0.0.1"}, …].
    if (value.length > 0 && value.every((cell) => isObject(cell) && typeof cell.field === "string")) {
      const cells = value as readonly JsonObject[];
      const names = cells.map(({ field }) => String(field));
      if (columnsNamed(names, []) === null) return false;
      contents.row(
        names,
        cells.map((cell) => cell.value),
        time,
      );
      return true;
    }
    return inside(value, time, depth);
  };

  /** An envelope of another kind: what is in its parts, or a text that looks like a record. */
  const inside = (values: readonly unknown[], time: number, depth: number): boolean => {
    let found = false;
    for (const value of values) {
      if (typeof value === "string") {
        if (value.split(/\s+/, fieldCount + 1).length === fieldCount && fieldCount > 3)
          found = text(value, time, depth + 1) || found;
      } else found = open(value, time, depth + 1) || found;
    }
    return found;
  };

  const text = (given: string, time: number, depth: number): boolean => {
    const whole = given.trim();
    if (whole.startsWith(CONTROL_MESSAGE)) return true;
    if (whole.startsWith("{") || whole.startsWith("[")) {
      const value = parsed(whole);
      if (value !== undefined && open(value, time, depth + 1)) return true;
    }
    if (whole.startsWith("H4sI") && packed(whole, time, depth + 1)) return true;
    for (const line of whole.split(/\r?\n/)) contents.line(line.trimEnd(), time);
    return true;
  };

  /** Base64 of gzip, of JSON or of lines. */
  const packed = (blob: string, time: number, depth: number): boolean => {
    if (depth > DEEPEST) return false;
    if (!/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(blob)) return /\s/.test(blob.trim()) && text(blob, time, depth);
    let bytes: Uint8Array = Buffer.from(blob, "base64");
    try {
      while (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED });
    } catch {
      contents.bad("corrupt_gzip", blob);
      return true;
    }
    if (bytes.length === 0 || isBinary(bytes)) return false;
    document(bytes, time, depth + 1);
    return true;
  };

  /** Text that was packed: values of JSON one after the other, or lines. */
  const document = (bytes: Uint8Array, time: number, depth: number): void => {
    if (!/^\s*[[{]/.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"))) {
      text(Buffer.from(bytes).toString("utf8"), time, depth);
      return;
    }
    const cutter = createJsonCutter({
      value(json) {
        const value = parsed(json);
        if (value === undefined) contents.bad("invalid_json", json);
        else if (!open(value, time, depth)) unknown(value);
      },
      bad: (_, rest) => contents.bad("invalid_json", rest),
    });
    cutter.push(bytes);
    const rest = cutter.finish();
    if (rest !== "") contents.bad("invalid_json", rest);
  };

  /** An answer of `aws athena get-query-results`, whose first row has the names. */
  const athena = ([names, ...rows]: readonly string[][]): boolean => {
    if (names === undefined || columnsNamed(names, []) === null) return false;
    for (const row of rows) contents.row(names, row, -1);
    return true;
  };

  return (value) => {
    if (!open(value, -1, 0)) unknown(value);
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function at(value: JsonObject, path: string): unknown {
  let found: unknown = Object.hasOwn(value, path) ? value[path] : undefined;
  if (found === undefined && path.includes(".")) {
    found = value;
    for (const key of path.split(".")) found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  // OpenTelemetry: {"body": {"stringValue": …}}.
  return isObject(found) && typeof found.stringValue === "string" ? found.stringValue : found;
}

const FLATTENED = 3;

/** The names and values of a document, those of nested objects with a path: `src_endpoint.ip`. */
function flatten(value: JsonObject): [names: string[], values: unknown[]] {
  const names: string[] = [];
  const values: unknown[] = [];
  const walk = (value: JsonObject, before: string, depth: number): void => {
    for (const [key, one] of Object.entries(value)) {
      // An object under the name of a field is a bad value, not a path.
      if (isObject(one) && depth < FLATTENED && columnNamed(before + key) === undefined)
        walk(one, `${before}${key}.`, depth + 1);
      else {
        names.push(before + key);
        values.push(one);
      }
    }
  };
  walk(value, "", 1);
  return [names, values];
}

function eventTime(value: JsonObject): number | null {
  for (const key of EVENT_TIMES) {
    const time = value[key];
    const seconds = typeof time === "string" || typeof time === "number" ? readTime(String(time)) : -1;
    if (seconds >= 0) return seconds;
  }
  return null;
}

function athenaRows(value: JsonObject): string[][] | null {
  const rows = isObject(value.ResultSet) ? value.ResultSet.Rows : undefined;
  if (!Array.isArray(rows)) return null;
  return rows.map((row: unknown) => {
    const cells = isObject(row) && Array.isArray(row.Data) ? (row.Data as unknown[]) : [];
    return cells.map((cell) => (isObject(cell) && typeof cell.VarCharValue === "string" ? cell.VarCharValue : ""));
  });
}
