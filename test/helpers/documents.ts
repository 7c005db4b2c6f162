import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A file of the project. */
export const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** Cells of the rows below the header of a Markdown table whose first cell is `first`. */
export function table(text: string, first: string): string[][] {
  const after = text.split(new RegExp(`^\\| ${first} +\\|`, "m"))[1];
  expect(after, `a table that begins with ${first}`).toBeDefined();
  const rows = after.split("\n").slice(2);
  const end = rows.findIndex((row) => !row.startsWith("|"));
  return rows.slice(0, end).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands between back quotes. */
export const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);

/** What stands between back quotes in the first column of a table. */
export const names = (text: string, first: string): string[] =>
  table(text, first)
    .flatMap(([cell]) => quoted(cell))
    .sort();

/** The text below a heading, up to the next heading of any level. */
export function section(text: string, heading: string): string {
  const after = text.split(new RegExp(`^#+ ${heading}$`, "m"))[1];
  expect(after, `a section ${heading}`).toBeDefined();
  return after.split(/^#/m)[0];
}
