import type { Plain } from "../../store/evidence-query.ts";
import { count } from "../../text.ts";
import { escapeMarkdown, renderMarkdown } from "../renderers/formats.ts";
import { type RenderOptions, safeJson, textWidth, visible } from "../renderers/renderer.ts";
import { renderTable } from "../renderers/table.ts";
import { hangingIndent, bar, grid } from "../renderers/text-layout.ts";
import { rowObject } from "../rows.ts";
import { briefly, type Investigation, type InvestigationSection } from "./sections.ts";

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

/** Most services and names in a line. */
const LISTED = 12;

/** Sections whose rows are sentences, which are wrapped and not cut; null for others. */
function entries(section: InvestigationSection, options: RenderOptions): string | null {
  if (section.id === "decisions") return decisions(section, options);
  return section.id.startsWith("unused_") ? reaches(section, options) : null;
}

function decisions({ columns, rows }: InvestigationSection, { width }: RenderOptions): string {
  const cell = cells(columns);
  const numbers = rows.map((row) => count(cell(row, "records")));
  const widest = Math.max(...numbers.map((text) => text.length));
  return rows
    .map((row, at) => {
      const lead = `  ${String(cell(row, "action")).padEnd(6)}  ${numbers[at].padStart(widest)}  `;
      const id = cell(row, "rule_id");
      return hangingIndent(lead, visible(`${id === null ? "" : `${String(id)}  `}${String(cell(row, "what"))}`), width);
    })
    .join("");
}

function reaches({ columns, rows }: InvestigationSection, { width }: RenderOptions): string {
  const cell = cells(columns);
  return rows
    .map((row) => {
      const way = String(cell(row, "way"));
      const lead = `  ${way.padEnd(3)}  `;
      const peers = listOf(cell(row, "peers"));
      const rest = Number(cell(row, "peer_count")) - Math.min(peers.length, LISTED);
      const used = grouped(listOf(cell(row, "used")));
      const doubt = cell(row, "certain") === false ? "perhaps " : "";
      const more = rest > 0 ? ` and ${count(rest)} more` : "";
      const names = `${way === "in" ? "from" : "to"} ${peers.slice(0, LISTED).join(", ")}${more}`;
      return (
        hangingIndent(lead, visible(`${doubt}${grouped(listOf(cell(row, "services")))}`), width) +
        hangingIndent(" ".repeat(textWidth(lead)), visible(`${names}${used === "" ? "" : `; used: ${used}`}`), width)
      );
    })
    .join("");
}

function cells(columns: InvestigationSection["columns"]): (row: readonly Plain[], name: string) => Plain {
  const indexes = new Map(columns.map(([name], at) => [name, at]));
  return (row, name) => row[indexes.get(name)!];
}

function listOf(value: Plain): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** `tcp 22, tcp 80, icmp 8` as `tcp 22, 80; icmp 8`. */
function grouped(services: readonly string[]): string {
  const parts = new Map<string, string[]>();
  for (const service of services.slice(0, LISTED)) {
    const [protocol, ...rest] = service.split(" ");
    const list = parts.get(protocol) ?? [];
    parts.set(protocol, [...list, rest.join(" ")]);
  }
  const rest = services.length - LISTED;
  const text = [...parts].map(([protocol, list]) => `${protocol} ${list.join(", ")}`.trim()).join("; ");
  return rest > 0 ? `${text} and ${count(rest)} more` : text;
}

/** One array of row objects; each begins with its section. */
export async function* renderInvestigationJson({ title, summary, sections }: Investigation): AsyncGenerator<string> {
  const head: InvestigationSection = {
    ...sections[0],
    id: "investigation",
    columns: [
      ["title", "VARCHAR"],
      ["summary", "VARCHAR"],
    ],
    rows: [[title, summary]],
  };
  const lines = [head, ...sections].flatMap(({ id, data, ...shown }) => {
    const { columns, rows } = data ?? shown;
    const names = ["section", ...columns.map(([name]) => name)];
    return rows.map((row) => safeJson(rowObject(names, [id, ...row])));
  });
  yield `[\n${lines.join(",\n")}\n]\n`;
}

export async function* renderInvestigationMarkdown(investigation: Investigation): AsyncGenerator<string> {
  yield `# ${escapeMarkdown(investigation.title)}\n\n${escapeMarkdown(investigation.summary)}\n`;
  for (const section of investigation.sections) {
    yield `\n## ${escapeMarkdown(section.title)}\n\n`;
    if (section.rows.length === 0) {
      yield `${escapeMarkdown(section.empty)}\n`;
      continue;
    }
    if (section.lead !== "") yield `${escapeMarkdown(section.lead)}\n\n`;
    if (section.shape === "facts") {
      for (const [fact, value] of section.rows)
        yield `- **${escapeMarkdown(String(fact))}**: ${escapeMarkdown(String(value))}\n`;
    } else yield* renderMarkdown(briefly(section));
    if (section.total > section.rows.length) yield `\n${section.rows.length} of ${section.total} rows.\n`;
  }
}
