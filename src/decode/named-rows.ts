import { columnNamed } from "./column-names.ts";
import { type Field, fieldNamed, SKIP } from "./fields.ts";
import { awsWord } from "./foreign-words.ts";
import type { LineDecoder } from "./line-decoder.ts";
import { readTime } from "./times.ts";

/**
 * How the columns of an export become a record: one holds the whole line, or each holds a field. `time` is the column of
 * the event's time, -1 if there is none.
 */
export type Columns = { readonly width: number; readonly time: number } & (
  | { readonly kind: "message"; readonly at: number }
  | { readonly kind: "fields"; readonly fields: readonly ColumnsOfField[] }
);

/** The columns that may hold a field; the first with a value is taken. */
interface ColumnsOfField {
  readonly field: Field;
  readonly at: readonly number[];
}

/** Columns of CloudWatch Logs, Splunk, Fluent Bit, Loki, Elastic that hold a whole record. */
export const MESSAGE_NAMES = ["@message", "message", "_raw", "log", "line", "event.original", "body", "msg"] as const;
/** Columns that hold the time of an event. */
const EVENT_TIME = new Set(["@timestamp", "timestamp", "_time", "time", "ts", "date"]);

/**
 * Reads column names of AWS, Athena, Logs Insights and others (column-names.ts); columns that are no fields are ignored,
 * however many. Null unless the names identify a flow log record, or one column holds messages.
 *
 * A spreadsheet may have replaced some names. In a table as wide as `expected`, whose other columns stand in that order,
 * such a column is known by its position.
 */
export function columnsNamed(names: readonly string[], expected: readonly string[]): Columns | null {
  const lower = names.map((name) => name.trim().toLowerCase());
  const time = lower.findIndex((name) => EVENT_TIME.has(name));
  const known = names.map((name) => columnNamed(name)?.field.name);
  const message = MESSAGE_NAMES.map((name) => lower.indexOf(name)).find((at) => at >= 0) ?? -1;
  if (message >= 0 && !known.includes("srcaddr")) return { kind: "message", width: names.length, at: message, time };
  if (!identify(known, names)) return null;
  const isReplaced = (at: number): boolean => known[at] === undefined && at !== time && !names[at].startsWith("@");
  const isInOrder =
    names.length === expected.length && known.every((name, at) => name === expected[at] || isReplaced(at));
  // The version is not needed: a column in its place may be of another kind.
  const isAnother = (name: string, at: number): boolean => name === "version" && known[at] === undefined;
  return isInOrder
    ? columnsAt(
        expected.map((name, at) => (isAnother(name, at) ? "" : name)),
        time,
      )
    : columnsOf(names, time);
}

/** Both ends of a flow, and where or how it was seen; or most columns of a query that chose few. */
function identify(known: readonly (string | undefined)[], names: readonly string[]): boolean {
  const has = (name: string): boolean => known.includes(name);
  if (has("srcaddr") && has("dstaddr") && ["interface-id", "dstport", "protocol", "action"].some(has)) return true;
  if (has("interface-id") && ["log-status", "action", "srcaddr", "dstaddr"].filter(has).length > 1) return true;
  if (has("tgw-id")) return true;
  const count = known.filter((name) => name !== undefined).length;
  return count > 0 && count * 2 >= names.filter((name) => !name.startsWith("@")).length;
}

function columnsOf(names: readonly string[], time: number): Columns {
  const byField = new Map<Field, { at: number; rank: number }[]>();
  for (const [at, name] of names.entries()) {
    const column = columnNamed(name);
    if (column === undefined || !isWanted(column.field)) continue;
    const columns = byField.get(column.field) ?? [];
    columns.push({ at, rank: column.rank });
    byField.set(column.field, columns);
  }
  const fields = [...byField].map(([field, columns]) => ({
    field,
    at: columns.sort((a, b) => a.rank - b.rank).map(({ at }) => at),
  }));
  return { kind: "fields", width: names.length, fields, time };
}

/** Columns in a known order. Columns that are not read are left out, unless they identify a transit gateway record. */
export function columnsAt(names: readonly string[], time = -1): Columns {
  const fields = names.flatMap((name, index) => {
    const field = fieldNamed(name);
    return field !== undefined && isWanted(field) && names.indexOf(name) === index ? [{ field, at: [index] }] : [];
  });
  return { kind: "fields", width: names.length, fields, time };
}

function isWanted(field: Field): boolean {
  return field.kind !== SKIP || field.version === 6;
}

/** The columns that `row` looks at, by number. */
export function columnsRead(columns: Columns): number[] {
  const own = columns.kind === "message" ? [columns.at] : columns.fields.flatMap(({ at }) => at);
  return columns.time < 0 ? own : [...new Set([...own, columns.time])];
}

/** Gives rows of an export to a line decoder, so that a record means the same in every format. */
export interface NamedRows {
  use(columns: Columns): void;
  /**
   * A row of as many values as there are columns, or with a time or a row number before them; `number` is the line that the
   * record gets. `eventTime` (Unix seconds, -1: none) is used if the row has none of its own.
   */
  row(values: readonly unknown[], number: number, eventTime?: number): void;
}

export function createNamedRows(lines: LineDecoder): NamedRows {
  let columns: Columns | null = null;
  let rowNumber = -1;
  /** Rows are numbered from 0 or 1 on, without a name for it in the header. */
  const isNextRow = (value: unknown): boolean => {
    const number = /^\d{1,12}$/.test(String(value)) ? Number(value) : -1;
    if (rowNumber < 0 ? number !== 0 && number !== 1 : number <= rowNumber) return false;
    rowNumber = number;
    return true;
  };
  return {
    use(next) {
      columns = next;
      rowNumber = -1;
      if (next.kind === "fields") lines.useFields(next.fields.map(({ field }) => field.name));
    },
    row(given, number, around = -1) {
      const isLonger = columns !== null && given.length === columns.width + 1;
      const first = isLonger ? readTime(fieldText(given[0])) : -1;
      const isNumbered = isLonger && first < 0 && isNextRow(given[0]);
      const values = first >= 0 || isNumbered ? given.slice(1) : given;
      if (columns === null || values.length !== columns.width) {
        lines.badText(number, "wrong_field_count", values.map(fieldText).join(" "));
        return;
      }
      const own = first >= 0 ? first : columns.time >= 0 ? readTime(fieldText(values[columns.time])) : -1;
      const eventTime = own >= 0 ? own : around;
      if (columns.kind === "fields") {
        lines.record(columns.fields.map((one) => valueOf(one, values)).join(" "), number, eventTime);
        return;
      }
      const message = values[columns.at];
      if (typeof message === "string") lines.text(message.trimEnd(), number, eventTime);
      else lines.record(fieldText(message), number, eventTime);
    },
  };
}

function valueOf({ field, at }: ColumnsOfField, values: readonly unknown[]): string {
  let text = "-";
  for (let index = 0; index < at.length && text === "-"; index++) text = awsWord(field, fieldText(values[at[index]]));
  return text;
}

/** A value as a field: one word. Blanks become `_`, so that what is wrong with several words is said of their own field. */
function fieldText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value === "" ? "-" : BLANK.test(value) ? oneWord(value) : value;
    case "number":
      return String(Number.isInteger(value) ? value : withoutNoise(value));
    case "bigint":
      return String(value);
    case "undefined":
      return "-";
    default:
      if (value === null) return "-";
      return value instanceof Date ? String(Math.floor(value.getTime() / 1000)) : oneWord(JSON.stringify(value));
  }
}

const BLANK = /\s/;

/** A decimal that was computed may miss its value by a hair. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(15));
}

function oneWord(text: string): string {
  return text.trim().replaceAll(/\s+/g, "_") || "-";
}
