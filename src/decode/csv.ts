import { parse } from "csv-parse/sync";

import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { LONGEST_LINE } from "./dense/scan.ts";
import { DEFAULT_FIELDS, fieldNamedLoosely } from "./fields.ts";
import { createLineDecoder } from "./line-decoder.ts";
import { type Columns, columnsAt, columnsNamed, createNamedRows } from "./named-rows.ts";

/** How the first line of a table separates its columns, and what they are when it is not a header. */
export interface CsvDialect {
  readonly delimiter: "," | ";";
  /** Null: the first row is the header. */
  readonly columns: Columns | null;
}

/**
 * Recognises a table by its first line: a header of field names (Athena, Logs Insights, spreadsheets; with semicolons
 * where a comma is the decimal mark), or values, exactly as many as the expected fields, or one more if a time comes first.
 */
export function csvDialectOf(firstLine: string, expected: readonly string[] = DEFAULT_FIELDS): CsvDialect | null {
  for (const delimiter of [",", ";"] as const) {
    const [cells] = cellsOf(firstLine.trim(), delimiter) ?? [];
    if (cells === undefined) continue;
    const columns = columnsNamed(cells, expected);
    if (cells.length === 1 ? columns?.kind === "message" : columns !== null) return { delimiter, columns: null };
    const more = cells.length - expected.length;
    if (cells.length > 1 && (more === 0 || more === 1)) return { delimiter, columns: columnsAt(expected) };
  }
  return null;
}

function cellsOf(text: string, delimiter: string): string[][] | null {
  try {
    return parse(text, { delimiter, relax_column_count: true, relax_quotes: true });
  } catch {
    return null;
  }
}

/**
 * Decodes tables. Where records end is decided here, so that an unclosed quote costs one line (`invalid_csv`) and
 * memory stays bounded; `csv-parse` takes the cells apart. A record's line is the one on which its row begins.
 */
export function createCsvDecoder(options: DecoderOptions, dialect: CsvDialect): ObjectDecoder {
  const { delimiter } = dialect;
  const expected = options.fields ?? DEFAULT_FIELDS;
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  if (dialect.columns) rows.use(dialect.columns);
  const utf8 = new TextDecoder();
  let pending = "";
  let number = 1;
  let first = dialect.columns === null;
  let dropping = false;

  const row = (cells: readonly string[], at: number): void => {
    if (cells.every((cell) => cell.trim() === "")) return;
    if (first || fieldNamedLoosely(cells[0]) !== undefined || cells[0].startsWith("@")) {
      const columns = columnsNamed(cells, expected);
      first = false;
      if (columns) {
        rows.use(columns);
        return;
      }
    }
    rows.row(cells, at);
  };

  /** Rows that lie in `text` one after the other, and the lines they begin on. */
  const decode = (text: string, numbers: readonly number[]): void => {
    if (numbers.length === 0) return;
    const all = cellsOf(text, delimiter);
    if (all?.length === numbers.length) {
      for (let index = 0; index < all.length; index++) row(all[index], numbers[index]);
    } else if (numbers.length === 1) {
      lines.badText(numbers[0], "invalid_csv", text);
    } else {
      let from = 0;
      for (const at of numbers) {
        const end = rowEnd(text, from, delimiter, true);
        decode(text.slice(from, end + 1), [at]);
        from = end + 1;
      }
    }
  };

  /** Takes the complete rows out of `pending`; with `final` also what has no line end. */
  const take = (final: boolean): void => {
    let from = 0;
    let runFrom = 0;
    let numbers: number[] = [];
    const flush = (): void => {
      decode(pending.slice(runFrom, from), numbers);
      numbers = [];
    };
    while (from < pending.length) {
      const end = rowEnd(pending, from, delimiter, final);
      if (end >= 0 && end - from <= LONGEST_LINE) {
        numbers.push(number);
        for (let at = pending.indexOf("\n", from); at >= 0 && at <= end; at = pending.indexOf("\n", at + 1)) number++;
        from = end + 1;
        continue;
      }
      if (end < 0 && !final && pending.length - from <= LONGEST_LINE) break;
      // A quote that nothing closes, or no end of line in sight: one line is given up.
      flush();
      const newline = pending.indexOf("\n", from);
      const lineEnd = newline < 0 ? pending.length : newline;
      const reason = lineEnd - from > LONGEST_LINE ? "line_too_long" : "invalid_csv";
      lines.badText(number, reason, pending.slice(from, lineEnd));
      dropping = newline < 0;
      if (newline >= 0) number++;
      from = runFrom = newline < 0 ? pending.length : newline + 1;
    }
    flush();
    pending = pending.slice(from);
  };

  const push = (text: string): void => {
    let from = 0;
    if (dropping) {
      const newline = text.indexOf("\n");
      if (newline < 0) return;
      dropping = false;
      number++;
      from = newline + 1;
    }
    pending += text.slice(from);
    take(false);
  };

  return {
    push: (chunk) => push(utf8.decode(chunk, { stream: true })),
    finish() {
      push(utf8.decode());
      const isOpen = dropping || pending !== "";
      if (!dropping) take(true);
      if (isOpen) number++;
      lines.rows.flush();
    },
    abort(reason) {
      lines.badText(number++, reason, pending);
      lines.rows.flush();
    },
    totals: () => ({ ...lines.totals(), lines: number - 1 }),
  };
}

/**
 * Position of the newline that ends the row at `from`; of the last character when the text ends first and is `final`.
 * -1 when the row does not end here: more text may end it, or close its quote.
 */
function rowEnd(text: string, from: number, delimiter: string, final: boolean): number {
  let at = from;
  for (;;) {
    const newline = text.indexOf("\n", at);
    const end = newline >= 0 ? newline : final ? text.length - 1 : -1;
    const quote = firstQuote(text, at, newline >= 0 ? newline : text.length);
    if (quote < 0) return end;
    at = quote + 1;
    // Only a quote at the start of a cell opens one.
    if (quote > from && text[quote - 1] !== delimiter) continue;
    let close = text.indexOf('"', at);
    while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
    if (close < 0) return -1;
    at = close + 1;
  }
}

function firstQuote(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) === 34) return at;
  return -1;
}
