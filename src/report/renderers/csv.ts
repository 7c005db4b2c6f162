import { stringify } from "csv-stringify/sync";
import type { Plain, ResultStream } from "../../store/reader.ts";
import { cellText, visible } from "./renderer.ts";

/** RFC 4180 with a header line. Text that a spreadsheet would run as a formula gets a leading apostrophe. */
export async function* renderCsv(result: ResultStream): AsyncGenerator<string> {
  yield stringify([result.columns.map((column) => guard(column.name))]);
  for await (const chunk of result.chunks) {
    if (chunk.length > 0) yield stringify(chunk.map((row) => row.map(csvCell)));
  }
}

function csvCell(value: Plain): string {
  return typeof value === "number" ? String(value) : guard(cellText(value, ";"));
}

/** OWASP's list of characters that start a formula, the full-width forms included. Numbers never pass here. */
function guard(text: string): string {
  return visible(/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text);
}
