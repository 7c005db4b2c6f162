import type { Column, Plain, ResultStream } from "../../store/evidence-query.ts";
import { cellText, isNumeric, type RenderOptions, textWidth, visible } from "./renderer.ts";

const GAP = "  ";
/** The first rows set the widths, and later ones are cut to them, so that memory stays bounded. */
const MEASURED_ROWS = 2000;

/** Aligned columns that fit the terminal. Long text is cut; columns that do not fit are named below the table. */
export async function* renderTable(result: ResultStream, options: RenderOptions): AsyncGenerator<string> {
  const cells = cellFormatters(result.columns);
  const format = (rows: readonly Plain[][]): string[][] => rows.map((row) => row.map((value, at) => cells[at](value)));
  const head: string[][] = [];
  let print: ((rows: readonly string[][]) => string) | undefined;
  for await (const chunk of result.chunks) {
    const rows = format(chunk);
    if (print !== undefined) {
      yield print(rows);
      continue;
    }
    head.push(...rows);
    if (head.length < MEASURED_ROWS) continue;
    const layout = layOut(result.columns, head, options);
    yield layout.header + layout.print(head);
    print = layout.print;
  }
  const layout = layOut(result.columns, head, options);
  if (print === undefined)
    yield head.length === 0 ? `${options.style.dim("(no rows)")}\n` : layout.header + layout.print(head);
  if (layout.hidden.length > 0 && head.length > 0) {
    yield options.style.dim(`${wrapList("not shown for lack of width: ", layout.hidden, options.width)}\n`);
  }
}

interface Layout {
  readonly header: string;
  readonly hidden: readonly string[];
  print(rows: readonly string[][]): string;
}

function layOut(columns: readonly Column[], rows: readonly string[][], options: RenderOptions): Layout {
  const { width, style, narrow = [] } = options;
  const sizes = columns.map((column, at) => ({
    name: visible(column.name),
    numeric: isNumeric(column.type),
    width: rows.reduce((most, row) => Math.max(most, textWidth(row[at])), 0),
  }));
  const chosen = chooseColumns(sizes, narrow, width, GAP.length);
  const widths = fitColumns(
    chosen.map((index) => sizes[index]),
    width,
    GAP.length,
  );
  const indexes = chosen.slice(0, widths.length);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => alignCell(cell, widths[at], sizes[indexes[at]].numeric))
      .join(GAP)
      .trimEnd();
  const headings = indexes.map((index, at) => wrapName(sizes[index].name, widths[at]));
  const height = Math.max(...headings.map((heading) => heading.length));
  const headerLines = Array.from({ length: height }, (_, at) =>
    style.bold(line(headings.map((heading) => heading[at - height + heading.length] ?? ""))),
  );
  const rule = style.dim(widths.map((width) => "─".repeat(width)).join(GAP));
  return {
    header: [...headerLines, rule, ""].join("\n"),
    hidden: sizes.flatMap(({ name }, index) => (indexes.includes(index) ? [] : name)),
    print: (rows) => rows.map((row) => `${line(indexes.map((index) => row[index]))}\n`).join(""),
  };
}

export function alignCell(text: string, width: number, right: boolean): string {
  const cut = cutToWidth(text, width);
  const padding = " ".repeat(width - textWidth(cut));
  return right ? padding + cut : cut + padding;
}

/** Cuts by terminal cells, not code units: wide and combining characters stay whole. */
export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const cells = textWidth(segment);
    if (used + cells > width - 1) break;
    kept += segment;
    used += cells;
  }
  return `${kept}…`;
}

/** `distinct_ports` over two lines where the column is narrow: broken after an underscore. */
function wrapName(name: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of name.split(/(?<=_)/)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last + part) <= width) lines[lines.length - 1] = last + part;
    else lines.push(part);
  }
  return lines.map((line) => cutToWidth(line, width));
}

function wrapList(lead: string, items: readonly string[], width: number): string {
  const lines = [lead];
  for (const [at, item] of items.entries()) {
    const text = at < items.length - 1 ? `${item}, ` : item;
    if (textWidth(lines.at(-1) + text.trimEnd()) > width && lines.at(-1) !== lead) lines.push(`  ${text}`);
    else lines[lines.length - 1] += text;
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** Numbers that are names, not counts, have no separators. */
const PLAIN_NUMBER = /(^|_)(port|ports|srcport|dstport|line|protocol|number|flags|version|id|run)$/;

function cellFormatters(columns: readonly Column[]): ((value: Plain) => string)[] {
  const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
  return columns.map((column) => {
    const plain = PLAIN_NUMBER.test(column.name);
    if (isNumeric(column.type) && !plain) {
      return (value) => (typeof value === "number" ? grouped.format(value) : visible(cellText(value)));
    }
    if (column.type.startsWith("TIMESTAMP")) return (value) => shortTime(cellText(value));
    return (value) => visible(cellText(value));
  });
}

/** `2026-11-01T09:00:00Z` as `2026-11-01 09:00:00`; all times of a table are UTC. */
function shortTime(text: string): string {
  return text.replace("T", " ").replace(/Z$/, "");
}

export interface ColumnSize {
  readonly name: string;
  readonly numeric: boolean;
  /** Widest cell. */
  readonly width: number;
}

/** Text columns shrink to this width before a column is left out. */
const NARROWEST = 20;

/**
 * Widths of the columns that fit into `available` cells with `gap` between them: all columns, with long text shrunk, or only
 * the first ones. Numbers and ids are never cut. A table keeps at least one column.
 */
export function fitColumns(columns: readonly ColumnSize[], available: number, gap: number): number[] {
  const wanted = columns.map(wantedWidth);
  const least = columns.map(leastWidth);
  let count = columns.length;
  const total = (widths: readonly number[], of: number): number =>
    widths.slice(0, of).reduce((sum, width) => sum + width, 0) + gap * (of - 1);
  while (count > 1 && total(least, count) > available) count--;
  const widths = wanted.slice(0, count);
  for (let excess = total(widths, count) - available; excess > 0; excess--) {
    // The widest column that may still shrink gives one cell.
    let at = -1;
    for (let index = 0; index < count; index++) {
      if (widths[index] > least[index] && (at < 0 || widths[index] > widths[at])) at = index;
    }
    if (at < 0) return [Math.max(1, Math.min(widths[0], available)), ...widths.slice(1)];
    widths[at]--;
  }
  return widths;
}

function wantedWidth({ name, width }: ColumnSize): number {
  return Math.max(width, longestPart(name), 1);
}

function leastWidth(column: ColumnSize, at: number): number {
  const whole = column.numeric || /(^|_)id$/.test(column.name) || at === 0;
  return Math.min(wantedWidth(column), whole ? 44 : NARROWEST);
}

/**
 * Places of the columns to show: all of them where they fit or nothing is preferred; else the preferred ones, in that
 * order, each that still fits beside those before it.
 */
function chooseColumns(
  columns: readonly ColumnSize[],
  preferred: readonly string[],
  available: number,
  gap: number,
): number[] {
  const all = columns.map((_, at) => at);
  const room = (indexes: readonly number[]): number =>
    indexes.reduce((sum, index, at) => sum + leastWidth(columns[index], at), 0) + gap * (indexes.length - 1);
  if (preferred.length === 0 || room(all) <= available) return all;
  const chosen: number[] = [];
  for (const name of preferred) {
    const index = columns.findIndex((column) => column.name === name);
    if (index >= 0 && (chosen.length === 0 || room([...chosen, index]) <= available)) chosen.push(index);
  }
  return chosen;
}

function longestPart(name: string): number {
  return Math.max(...name.split(/(?<=_)/).map((part) => textWidth(part)));
}
