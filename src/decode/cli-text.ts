import type { DecoderOptions, ObjectDecoder } from "./decoder.ts";
import { LONGEST_LINE } from "./dense/scan.ts";
import { DEFAULT_FIELDS } from "./fields.ts";
import { createLineDecoder } from "./line-decoder.ts";
import { columnsNamed, createNamedRows } from "./named-rows.ts";
import { readTime } from "./times.ts";

/** Whether the text is an answer of `aws logs filter-log-events`, `get-log-events` or `get-query-results` with `--output text`. */
export function isCliText(text: string): boolean {
  return /^(?:EVENTS|RESULTS)\t/m.test(text);
}

/** Lines of such an answer that are no events: tokens of the next page, what was searched, how the query went. */
const AROUND =
  /^(?:[bf]\/\d|SEARCHEDLOGSTREAMS\t|STATISTICS\t|NEXTTOKEN\t|(?:Complete|Running|Scheduled|Failed|Cancelled|Timeout)\b|CWLI\b|None$)/;

/**
 * Decodes it: an event a line, with the message and the times among its columns; or a field a line, where a name that comes
 * again begins the next record.
 */
export function createCliTextDecoder(options: DecoderOptions): ObjectDecoder {
  const expected = options.fields ?? DEFAULT_FIELDS;
  const lines = createLineDecoder(options);
  const rows = createNamedRows(lines);
  const utf8 = new TextDecoder();
  let rest = "";
  let dropping = false;
  let number = 0;
  let names: string[] = [];
  let values: string[] = [];
  let keys: string | null = null;

  const endRow = (): void => {
    if (names.length === 0) return;
    const key = names.join("\n");
    const columns = columnsNamed(names, []);
    if (columns !== null && key !== keys) rows.use(columns);
    keys = key;
    if (columns === null) lines.badText(number, "unknown_text", values.join(" "));
    else rows.row(values, number);
    names = [];
    values = [];
  };

  const event = (cells: readonly string[]): void => {
    // Sorted by their names: eventId, ingestionTime, logStreamName, message, timestamp.
    const message = cells.find((cell) => cell.trim().includes(" "));
    if (keys !== null) lines.useFields(expected);
    keys = null;
    if (message === undefined) lines.badText(number, "unknown_text", cells.join("\t"));
    else lines.text(message.trim(), number, readTime(cells.at(-1)!));
  };

  const take = (line: string): void => {
    number++;
    const [kind, ...cells] = line.replace(/\r$/, "").split("\t");
    if (kind === "RESULTS" && cells.length > 0) {
      if (names.includes(cells[0])) endRow();
      names.push(cells[0]);
      values.push(cells.slice(1).join("\t"));
      return;
    }
    if (kind === "EVENTS") event(cells);
    else if (line.trim() !== "" && !AROUND.test(line)) lines.badText(number, "unknown_text", line);
  };

  const push = (text: string): void => {
    const all = (rest + text).split("\n");
    rest = all.pop()!;
    for (const line of all) {
      if (dropping) number++;
      else take(line);
      dropping = false;
    }
    if (rest.length <= LONGEST_LINE) return;
    if (!dropping) lines.badText(number + 1, "line_too_long", rest);
    dropping = true;
    rest = "";
  };

  return {
    push: (chunk) => push(utf8.decode(chunk, { stream: true })),
    finish() {
      if (rest !== "" && !dropping) take(rest);
      endRow();
      lines.finish();
    },
    abort(reason) {
      endRow();
      lines.badText(++number, reason, rest);
      lines.finish();
    },
    totals: () => ({ ...lines.totals(), lines: number }),
  };
}
