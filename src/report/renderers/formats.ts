import { stringify } from "csv-stringify/sync";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import { cellText, isNumeric, type Renderer, safeJson, visible } from "./renderer.ts";
import { renderTable } from "./table.ts";

export type OutputFormat = "table" | "json" | "csv" | "markdown";

/** Every output format by the name that `--output` takes. */
export const RENDERERS: Readonly<Record<OutputFormat, Renderer>> = {
  table: renderTable,
  json: renderJson,
  csv: renderCsv,
  markdown: renderMarkdown,
};

/** RFC 4180 with a header line. Text that a spreadsheet would run as a formula gets a leading apostrophe. */
async function* renderCsv(result: ResultStream): AsyncGenerator<string> {
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

/** One array of row objects, a row a line. */
export async function* renderJson(result: ResultStream): AsyncGenerator<string> {
  const names = result.columns.map((column) => column.name);
  let separator = "[\n";
  for await (const chunk of result.chunks) {
    let text = "";
    for (const row of chunk) {
      text += `${separator}${safeJson(rowObject(names, row))}`;
      separator = ",\n";
    }
    if (text !== "") yield text;
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}

/** `fromEntries` defines own properties, so a column named `__proto__` stays a column. */
export function rowObject(names: readonly string[], row: readonly Plain[]): Record<string, Plain> {
  return Object.fromEntries(names.map((name, index) => [name, row[index]]));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** A GitHub table. Cells are text: no HTML, links or emphasis from the data take effect. */
export async function* renderMarkdown(result: ResultStream): AsyncGenerator<string> {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  yield row(result.columns.map((column) => escapeMarkdown(column.name)));
  yield row(result.columns.map((column) => (isNumeric(column.type) ? "---:" : "---")));
  for await (const chunk of result.chunks) {
    yield chunk.map((values) => row(values.map((value) => escapeMarkdown(cellText(value))))).join("");
  }
}

export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/[\\`*[\]|~]/g, (character) => `\\${character}`)
    .replace(/[&<>]/g, (character) => ENTITIES[character]);
}
