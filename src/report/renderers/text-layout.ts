import { count } from "../../text.ts";
import { type RenderOptions, textWidth, visible } from "./renderer.ts";
import { alignCell, cutToWidth, fitColumns } from "./table.ts";

const INDENT = "  ";

/** Text in indented lines that fit the terminal. */
export function paragraph(text: string, { width }: RenderOptions): string {
  return hangingIndent(INDENT, visible(text), width);
}

/**
 * Text in lines of at most `width` cells: `lead` before the first line, as many blanks before the others. A word that is
 * longer than a line is broken.
 */
export function hangingIndent(lead: string, text: string, width: number): string {
  const indent = " ".repeat(textWidth(lead));
  const room = Math.max(8, width - indent.length);
  const lines: string[] = [""];
  for (const word of text.split(" ").flatMap((one) => breakWord(one, room))) {
    const last = lines.at(-1)!;
    if (last === "") lines[lines.length - 1] = word;
    else if (textWidth(last) + 1 + textWidth(word) <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, at) => `${at === 0 ? lead : indent}${line}\n`).join("");
}

function breakWord(word: string, room: number): string[] {
  const parts: string[] = [];
  let rest = word;
  while (textWidth(rest) > room) {
    const head = cutToWidth(rest, room).slice(0, -1);
    parts.push(head);
    rest = rest.slice(head.length);
  }
  return [...parts, rest];
}

/** The title of a part, and where the rest of its rows is. */
export function heading(
  title: string,
  rows: number,
  limit: number,
  report: string,
  { style, width }: RenderOptions,
): string {
  const command = `flowreplay report ${report}`;
  const rest = rows > limit ? `the first ${limit} of ${count(rows)}; all: ${command}` : command;
  const lead = style.bold(cutToWidth(title, width));
  return textWidth(title) + 3 + textWidth(rest) <= width
    ? `${lead}   ${style.dim(rest)}\n`
    : `${lead}\n${INDENT}${style.dim(rest)}\n`;
}

/** Aligned cells without a header, cut to the width. `align` holds for the first columns; the rest is left-aligned. */
export function grid(
  rows: readonly (readonly string[])[],
  { width }: RenderOptions,
  align: readonly ("left" | "right")[] = [],
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
      .map((cell, at) => alignCell(row[at], cell, align[at] === "right"))
      .join("  ")
      .trimEnd();
  return cells.map((row) => `${INDENT}${line(row)}\n`).join("");
}

/** A bar of block characters, `share` of `width` cells long; any share above 0 shows. */
export function bar(share: number, width: number): string {
  if (share <= 0) return "";
  const eighths = Math.max(1, Math.round(share * width * 8));
  return "█".repeat(eighths >> 3) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7];
}
