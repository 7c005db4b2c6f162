import { parse } from "csv-parse/sync";

import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { LONGEST_LINE } from "./dense/scan.ts";
import { fieldNamedLoosely } from "./column-names.ts";
import { DEFAULT_FIELDS } from "./fields.ts";
import { createLineDecoder } from "./line-decoder.ts";
import { readTime } from "./times.ts";
import { type Columns, columnsAt, columnsNamed, columnsRead, createNamedRows } from "./named-rows.ts";

/** How the first line of a table separates its columns, and what they are when it is not a header. */
export interface CsvDialect {
  readonly delimiter: "," | ";" | "\t" | "|";
  /** Null: the first row is the header. */
  readonly columns: Columns | null;
}

/**
 * Recognises a table by its first line: a header of names (Athena, Logs Insights, spreadsheets; with semicolons where a comma
 * is the decimal mark), or values: exactly as many as the expected fields, or one more if a time or a row number comes
 * first, or one of which is a record.
 */
export function csvDialectOf(firstLine: string, expected: readonly string[] = DEFAULT_FIELDS): CsvDialect | null {
  for (const delimiter of [",", ";", "\t", "|"] as const) {
    const [cells] = cellsOf(firstLine.replace(/[\r\n]+$/, ""), delimiter) ?? [];
    if (cells === undefined) continue;
    const columns = columnsNamed(cells, expected);
    if (cells.length === 1 ? columns?.kind === "message" : columns !== null) return { delimiter, columns: null };
    if (cells.length === 1) continue;
    const record = cells.findIndex((cell) => cell.trim().split(/\s+/).length === expected.length);
    if (record >= 0 && expected.length > 3) {
      const time = cells.findIndex((cell) => readTime(cell.trim()) >= 0);
      return { delimiter, columns: { kind: "message", width: cells.length, at: record, time } };
    }
    // Fields with tabs between them are the native format.
    const more = cells.length - expected.length;
    if (delimiter !== "\t" && (more === 0 || more === 1)) return { delimiter, columns: columnsAt(expected) };
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
  let columns = dialect.columns;

  const row = (cells: readonly string[], at: number): void => {
    if (cells.every((cell) => cell.trim() === "")) return;
    if (first || fieldNamedLoosely(cells[0]) !== undefined || cells[0].startsWith("@")) {
      const named = columnsNamed(cells, expected);
      first = false;
      if (named) {
        rows.use(named);
        columns = named;
        return;
      }
    }
    rows.row(cells, at);
  };

  /** Rows one after the other, and the lines they begin on. */
  const decode = (pieces: readonly string[], numbers: readonly number[]): void => {
    if (pieces.length === 0) return;
    const all = cellsOf(pieces.join(""), delimiter);
    if (all?.length === pieces.length) {
      for (let index = 0; index < all.length; index++) row(all[index], numbers[index]);
    } else if (pieces.length === 1) {
      lines.badText(numbers[0], "invalid_csv", pieces[0].trimEnd());
    } else {
      for (const [index, piece] of pieces.entries()) decode([piece], [numbers[index]]);
    }
  };

  /** Whether a row may have a line end in a cell: it has as many cells as others, and no field is of two lines. */
  const mayHaveLines = (cells: readonly string[]): boolean => {
    if (columns === null) return true;
    const read = columnsRead(columns);
    return cells.length === columns.width && !cells.some((cell, at) => cell.trim().includes("\n") && read.includes(at));
  };

  /** The end of the row at `from` in `pending`. */
  const endOfRow = (from: number, final: boolean): number => {
    const end = rowEnd(pending, from, delimiter, final);
    const newline = pending.indexOf("\n", from);
    if (end < 0 || newline < 0 || newline >= end) return end;
    const [cells, ...more] = cellsOf(pending.slice(from, end + 1), delimiter) ?? [];
    return cells !== undefined && more.length === 0 && mayHaveLines(cells) ? end : newline;
  };

  /** Takes the complete rows out of `pending`; with `final` also what has no line end. */
  const take = (final: boolean): void => {
    let from = 0;
    let pieces: string[] = [];
    let numbers: number[] = [];
    const flush = (): void => {
      decode(pieces, numbers);
      pieces = [];
      numbers = [];
    };
    while (from < pending.length) {
      const end = endOfRow(from, final);
      if (end >= 0 && end - from <= LONGEST_LINE) {
        numbers.push(number);
        pieces.push(pending.slice(from, end + 1));
        for (let at = pending.indexOf("\n", from); at >= 0 && at <= end; at = pending.indexOf("\n", at + 1)) number++;
        from = end + 1;
        // The header says how many cells a row has.
        if (first) flush();
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
      from = newline < 0 ? pending.length : newline + 1;
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
      lines.finish();
    },
    abort(reason) {
      lines.badText(number++, reason, pending);
      lines.finish();
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
    if (close < 0 || (close === text.length - 1 && !final)) return -1;
    // A cell of several lines ends with its quote. A quote with text behind it opens a cell of a later row.
    const lineEnd = text.indexOf("\n", at);
    if (lineEnd >= 0 && lineEnd < close && !isCellEnd(text[close + 1], delimiter)) return lineEnd;
    at = close + 1;
  }
}

function isCellEnd(char: string | undefined, delimiter: string): boolean {
  return char === undefined || char === delimiter || char === "\r" || char === "\n";
}

function firstQuote(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) if (text.charCodeAt(at) === 34) return at;
  return -1;
}
