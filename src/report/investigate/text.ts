import { type RenderOptions, visible } from "../renderers/renderer.ts";
import { renderTable } from "../renderers/table.ts";
import { hangingIndent } from "../renderers/wrap.ts";
import { bar, count, grid } from "../summary-text.ts";
import type { Plain } from "../../store/reader.ts";
import { briefly } from "./brief.ts";
import { entries } from "./text-entries.ts";
import type { Investigation, InvestigationSection } from "./sections.ts";

const BAR = 24;

/** The page for a terminal. */
export async function* renderInvestigation(
  { title, summary, sections }: Investigation,
  options: RenderOptions,
): AsyncGenerator<string> {
  const { style, width } = options;
  yield style.bold(hangingIndent("", visible(title), width)) + hangingIndent("  ", visible(summary), width);
  for (const section of sections) {
    yield `\n${style.bold(section.title)}\n`;
    if (section.rows.length === 0) {
      yield hangingIndent("  ", visible(section.empty), width);
      continue;
    }
    if (section.lead !== "") yield style.dim(hangingIndent("  ", visible(section.lead), width));
    yield* body(section, options);
    const rest = section.total - section.rows.length;
    if (rest > 0) yield style.dim(`  and ${count(rest)} more: --limit ${section.total}, or --output json\n`);
  }
}

async function* body(section: InvestigationSection, options: RenderOptions): AsyncGenerator<string> {
  const sentences = entries(section, options);
  if (sentences !== null) yield sentences;
  else if (section.shape === "facts") yield facts(section, options);
  else if (section.shape === "timeline") yield timeline(section, options);
  else {
    const indent = { ...options, width: options.width - 2 };
    for await (const piece of renderTable(briefly(section), indent)) yield piece.replace(/^(?=.)/gm, "  ");
  }
}

function facts({ rows }: InvestigationSection, { width }: RenderOptions): string {
  const names = rows.map(([name]) => visible(String(name)));
  const column = Math.min(24, Math.max(...names.map((name) => name.length))) + 2;
  return rows
    .map(([, value], at) => hangingIndent(`  ${names[at].padEnd(column)}`, visible(String(value)), width))
    .join("");
}

function timeline({ columns, rows }: InvestigationSection, options: RenderOptions): string {
  const at = (name: string): number => columns.findIndex(([column]) => column === name);
  const [start, records, accepted, rejected, mismatches] = [
    "start_time",
    "records",
    "accepted",
    "rejected",
    "mismatches",
  ].map(at);
  const most = Math.max(1, ...rows.map((row) => Number(row[records])));
  const cells = rows.map((row): string[] => [
    shortTime(row[start]),
    bar(Number(row[records]) / most, BAR),
    `${count(row[accepted])} accepted`,
    `${count(row[rejected])} rejected`,
    Number(row[mismatches]) === 0 ? "" : `${count(row[mismatches])} against the model`,
  ]);
  return grid(cells, options, ["left", "left", "right", "right"]);
}

function shortTime(value: Plain): string {
  return String(value).replace("T", " ").replace(/:00Z$/, "").replace(/Z$/, "");
}
