import { renderCsv } from "./csv.ts";
import { renderJson } from "./json.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Renderer } from "./renderer.ts";
import { renderTable } from "./table.ts";

export type OutputFormat = "table" | "json" | "csv" | "markdown";

/** Every output format by the name that `--output` takes. */
export const RENDERERS: Readonly<Record<OutputFormat, Renderer>> = {
  table: renderTable,
  json: renderJson,
  csv: renderCsv,
  markdown: renderMarkdown,
};
