import { fieldNamed, fieldNamedLoosely, SKIP } from "./fields.ts";
import type { LineDecoder } from "./line-decoder.ts";
import { readTime } from "./times.ts";

/**
 * How the columns of an export become a record: one holds the whole line, or each holds a field. `time` is the column of
 * the event's time, -1 if there is none.
 */
export type Columns = { readonly width: number; readonly time: number } & (
  | { readonly kind: "message"; readonly at: number }
  | { readonly kind: "fields"; readonly at: readonly number[]; readonly names: readonly string[] }
);

/** Columns of CloudWatch Logs that hold a whole record. */
const MESSAGE = new Set(["@message", "message"]);
/** Columns of CloudWatch Logs that hold the time of an event. */
const EVENT_TIME = new Set(["@timestamp", "timestamp"]);

/**
 * Reads column names of AWS, Athena and Logs Insights (`srcAddr`, `@message`); others are ignored. Null unless most of
 * them are names of flow log fields, or one holds messages.
 *
 * A spreadsheet may have replaced some names. In a table as wide as `expected`, whose other columns stand in that order,
 * such a column is known by its position.
 */
export function columnsNamed(names: readonly string[], expected: readonly string[]): Columns | null {
  const message = names.findIndex((name) => MESSAGE.has(name.trim().toLowerCase()));
  const time = names.findIndex(isEventTime);
  const known = names.map((name) => fieldNamedLoosely(name)?.name);
  const count = known.filter((name) => name !== undefined).length;
  if (message >= 0 && !known.includes("srcaddr")) return { kind: "message", width: names.length, at: message, time };
  if (count === 0 || count * 2 < names.filter((name) => !name.startsWith("@")).length) return null;
  const isReplaced = (at: number): boolean => known[at] === undefined && at !== time && !names[at].startsWith("@");
  const isInOrder =
    names.length === expected.length && known.every((name, at) => name === expected[at] || isReplaced(at));
  return columnsAt(isInOrder ? expected : known, time);
}

function isEventTime(name: string): boolean {
  return EVENT_TIME.has(name.trim().toLowerCase());
}

/** Columns in a known order. Columns that are not read are left out, unless they identify a transit gateway record. */
export function columnsAt(names: readonly (string | undefined)[], time = -1): Columns {
  const at = names.flatMap((name, index) => {
    const field = name === undefined ? undefined : fieldNamed(name);
    const wanted = field !== undefined && (field.kind !== SKIP || field.version === 6);
    return wanted && names.indexOf(name) === index ? [index] : [];
  });
  return { kind: "fields", width: names.length, at, names: at.map((index) => names[index]!), time };
}

/** Gives rows of an export to a line decoder, so that a record means the same in every format. */
export interface NamedRows {
  use(columns: Columns): void;
  /**
   * A row of as many values as there are columns, or with a time before them; `number` is the line that the record gets.
   */
  row(values: readonly unknown[], number: number): void;
}

export function createNamedRows(lines: LineDecoder): NamedRows {
  let columns: Columns | null = null;
  return {
    use(next) {
      columns = next;
      if (next.kind === "fields") lines.useFields(next.names);
    },
    row(given, number) {
      const hasTime = columns !== null && given.length === columns.width + 1 && readTime(fieldText(given[0])) >= 0;
      const values = hasTime ? given.slice(1) : given;
      if (columns === null || values.length !== columns.width) {
        lines.badText(number, "wrong_field_count", values.map(fieldText).join(" "));
        return;
      }
      const time = hasTime ? given[0] : columns.time >= 0 ? values[columns.time] : null;
      const eventTime = time === null ? -1 : readTime(fieldText(time));
      if (columns.kind === "fields") {
        lines.record(columns.at.map((at) => fieldText(values[at])).join(" "), number, eventTime);
        return;
      }
      const message = values[columns.at];
      if (typeof message === "string") lines.text(message.trimEnd(), number, eventTime);
      else lines.record(fieldText(message), number, eventTime);
    },
  };
}

/** A value as a field: one word. Blanks become `_`, so that what is wrong with several words is said of their own field. */
function fieldText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value === "" ? "-" : BLANK.test(value) ? oneWord(value) : value;
    case "number":
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

function oneWord(text: string): string {
  return text.trim().replaceAll(/\s+/g, "_") || "-";
}
