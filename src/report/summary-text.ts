import type { Plain, Result } from "../store/evidence-query.ts";
import { cutToWidth, fitColumns } from "./renderers/table.ts";
import { type RenderOptions, textWidth, visible } from "./renderers/renderer.ts";

export type Row = Readonly<Record<string, Plain>>;
export type Alignment = "left" | "right";

const INDENT = "  ";
const INTEGER = new Intl.NumberFormat("en-US");

export function toRows({ columns, rows }: Result): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column.name, row[at]])));
}

export function count(value: Plain): string {
  return typeof value === "number" ? INTEGER.format(value) : String(value ?? 0);
}

/** `1 port`, `1,033 ports`. */
export function plural(value: Plain, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A bar of block characters, `share` of `width` cells long; anything above nothing shows. */
export function bar(share: number, width: number): string {
  if (share <= 0) return "";
  const eighths = Math.max(1, Math.round(share * width * 8));
  return "█".repeat(eighths >> 3) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7];
}

/** The title of a part, and where the rest of its rows is. */
export function heading(
  title: string,
  rows: number,
  limit: number,
  report: string,
  { style, width }: RenderOptions,
): string {
  const rest =
    rows > limit
      ? `the first ${limit} of ${INTEGER.format(rows)}; all: flowreplay report ${report}`
      : `flowreplay report ${report}`;
  const lead = `${style.bold(cutToWidth(title, width))}`;
  return textWidth(title) + 3 + textWidth(rest) <= width
    ? `${lead}   ${style.dim(rest)}\n`
    : `${lead}\n${INDENT}${style.dim(rest)}\n`;
}

export function paragraph(text: string, { width }: RenderOptions): string {
  const lines = [""];
  for (const word of visible(text).split(" ")) {
    const last = lines.at(-1) ?? "";
    const longer = last === "" ? word : `${last} ${word}`;
    if (textWidth(INDENT + longer) <= width || last === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => `${INDENT}${line}\n`).join("");
}

/** Aligned cells without a header, cut to the width. `align` holds for the first columns, left for the rest. */
export function grid(
  rows: readonly (readonly string[])[],
  { width }: RenderOptions,
  align: readonly Alignment[] = [],
): string {
  if (rows.length === 0) return "";
  const cells = rows.map((row) => row.map(visible));
  const sizes = cells[0].map((_, at) => ({
    name: at === 0 ? "id" : "",
    numeric: align[at] === "right",
    width: cells.reduce((most, row) => Math.max(most, textWidth(row[at])), 0),
  }));
  const widths = fitColumns(sizes, width - INDENT.length, 2);
  const line = (row: readonly string[]): string =>
    widths
      .map((cell, at) => {
        const text = cutToWidth(row[at], cell);
        const padding = " ".repeat(cell - textWidth(text));
        return align[at] === "right" ? padding + text : text + padding;
      })
      .join("  ")
      .trimEnd();
  return cells.map((row) => `${INDENT}${line(row)}\n`).join("");
}

/** A rule in the words of the AWS console, e.g. `ingress tcp 443 from 0.0.0.0/0`. */
export function ruleText(rule: Row): string {
  const where = rule.direction === "egress" ? "to" : "from";
  return `${String(rule.direction)} ${String(rule.protocol)}${rangeText(rule)} ${where} ${String(rule.peer)}`;
}

/** ` 443`, ` 8000-8010`; of ICMP the type, ` 3`, or type and code, ` 3/4`. */
function rangeText({ protocol, from_port: from, to_port: to }: Row): string {
  if (from === null || Number(from) < 0) return "";
  if (String(protocol).startsWith("icmp"))
    return Number(to) < 0 ? ` ${String(from)}` : ` ${String(from)}/${String(to)}`;
  return from === to ? ` ${String(from)}` : ` ${String(from)}-${String(to)}`;
}
