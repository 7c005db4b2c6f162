import { gzipSync } from "node:zlib";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";

/** A flow log in the native text format, taken apart. */
export interface Table {
  readonly names: readonly string[];
  readonly records: readonly (readonly string[])[];
}

export function tableOf(text: string): Table {
  const [header, ...lines] = text.trimEnd().split("\n");
  return { names: header.split(" "), records: lines.map((line) => line.split(" ")) };
}

const WIDE = new Set(["packets", "bytes", "start", "end"]);
const NARROW = new Set(["version", "srcport", "dstport", "protocol", "tcp-flags", "traffic-path"]);
// The names that CloudWatch Logs Insights finds in a record, where they are not its own with other capitals.
const INSIGHTS: Record<string, string> = { start: "startTime", end: "endTime" };

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const underscored = (name: string): string => name.replaceAll("-", "_");
const camel = (name: string): string =>
  INSIGHTS[name] ??
  name.replace(/addr$|port$/, (part) => `-${part}`).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const message = (record: readonly string[]): string => record.join(" ");
const eventTime = (record: readonly string[], { names }: Table): number =>
  Number(record[names.indexOf("start")]) * 1000;
const events = (table: Table): object[] =>
  table.records.map((record, index) => ({
    id: String(index),
    timestamp: eventTime(record, table),
    message: message(record),
  }));
const subscription = (logEvents: object[]): string =>
  JSON.stringify({
    messageType: "DATA_MESSAGE",
    owner: "123456789012",
    logGroup: "flow-logs",
    logStream: "eni-1",
    logEvents,
  });
const objects = (table: Table, name: (name: string) => string, asFloat: boolean): string[] =>
  table.records.map((record) => {
    const cells = record.map((value, at): [string, string] => {
      const isNumber = (WIDE.has(table.names[at]) || NARROW.has(table.names[at])) && value !== "-";
      const text = isNumber ? (asFloat ? `${value}.0` : value) : value === "-" ? "null" : JSON.stringify(value);
      return [name(table.names[at]), text];
    });
    return `{${cells.map(([key, text]) => `${JSON.stringify(key)}: ${text}`).join(", ")}}`;
  });

function parquet(
  table: Table,
  name: (name: string) => string,
  narrow: "INT32" | "INT64",
  codec: "GZIP" | "SNAPPY",
): Buffer {
  const columnData = table.names.map((column, at): ColumnSource => {
    const values = table.records.map((record) => record[at]);
    const absent = <T>(value: string, convert: (value: string) => T): T | null =>
      value === "-" ? null : convert(value);
    const type = WIDE.has(column) ? "INT64" : NARROW.has(column) ? narrow : "STRING";
    if (type === "STRING") return { name: name(column), data: values, type, nullable: true };
    const data = values.map((value) => absent<bigint | number>(value, type === "INT64" ? BigInt : Number));
    return { name: name(column), data, type, nullable: true };
  });
  const compressors = { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) };
  return Buffer.from(parquetWriteBuffer({ columnData, codec, compressors, rowGroupSize: 1000 }));
}

/** The same records in every other format; true in the second place where the fields must be told. */
export const FORMATS: Record<string, readonly [(table: Table) => string | Buffer, boolean]> = {
  "Athena CSV": [
    ({ names, records }) =>
      [names.map(underscored), ...records.map((record) => record.map((value) => (value === "-" ? "" : value)))]
        .map((cells) => cells.map(quoted).join(","))
        .join("\n"),
    false,
  ],
  "Logs Insights CSV of messages": [
    (table) =>
      `@timestamp,@message\n${table.records.map((record) => `2025-03-04 09:00:00.000,${message(record)}`).join("\n")}\n`,
    true,
  ],
  "Logs Insights CSV of fields": [
    ({ names, records }) => [names.map(camel), ...records].map((cells) => cells.join(",")).join("\r\n"),
    false,
  ],
  "CSV with semicolons and without a header": [
    ({ records }) => records.map((cells) => cells.join(";")).join("\n"),
    true,
  ],
  "Parquet, gzip, INT32": [(table) => parquet(table, String, "INT32", "GZIP"), false],
  "Parquet, snappy, INT64, underscores": [(table) => parquet(table, underscored, "INT64", "SNAPPY"), false],
  "one subscription document": [(table) => subscription(events(table)), true],
  "subscription documents one after the other": [
    (table) => {
      const all = events(table);
      const documents = Array.from({ length: Math.ceil(all.length / 90) }, (_, index) =>
        all.slice(index * 90, index * 90 + 90),
      );
      return documents.map(subscription).join("");
    },
    true,
  ],
  "answer of filter-log-events": [
    (table) => JSON.stringify({ events: events(table), searchedLogStreams: [{ logStreamName: "eni-1" }] }, null, 4),
    true,
  ],
  "answer of get-query-results": [
    ({ names, records }) =>
      JSON.stringify({
        results: records.map((record) => record.map((value, at) => ({ field: camel(names[at]), value }))),
        status: "Complete",
      }),
    false,
  ],
  "Firehose lines": [
    (table) =>
      events(table)
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(""),
    true,
  ],
  "JSON strings": [({ records }) => JSON.stringify(records.map(message), null, 1), true],
  "JSON lines of fields": [(table) => objects(table, underscored, false).join("\n"), false],
  "JSON array of fields, numbers as floats": [(table) => `[\n${objects(table, String, true).join(",\n")}\n]\n`, false],
};
