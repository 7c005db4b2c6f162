import { stringify } from "csv-stringify/sync";
import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import { rowObject } from "../rows.ts";
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

/** OWASP's list of characters that start a formula, including full-width forms. Numbers are not guarded. */
function guard(text: string): string {
  return visible(/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text);
}

/** One array of row objects, one row per line. */
export function renderJson({ columns, chunks }: ResultStream): AsyncGenerator<string> {
  const names = columns.map((column) => column.name);
  const objects = async function* (): AsyncGenerator<Record<string, Plain>[]> {
    for await (const rows of chunks) yield rows.map((row) => rowObject(names, row));
  };
  return jsonArray(objects());
}

/** A JSON array, one element per line; elements arrive in batches. */
export async function* jsonArray(
  batches: AsyncIterable<readonly object[]> | Iterable<readonly object[]>,
): AsyncGenerator<string> {
  let separator = "[\n";
  for await (const batch of batches) {
    let text = "";
    for (const element of batch) {
      text += separator + safeJson(element);
      separator = ",\n";
    }
    if (text !== "") yield text;
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** A GitHub table. HTML, links and emphasis in the data have no effect. */
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
