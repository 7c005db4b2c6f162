import type { ResultStream } from "../../store/reader.ts";
import { cellText, isNumeric, visible } from "./renderer.ts";

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
