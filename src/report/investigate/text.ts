import type { Plain } from "../../store/evidence-query.ts";
import { count } from "../../text.ts";
import { escapeMarkdown, jsonArray, renderMarkdown } from "../renderers/formats.ts";
import { type RenderOptions, textWidth, visible } from "../renderers/renderer.ts";
import { renderTable } from "../renderers/table.ts";
import { hangingIndent, bar, grid } from "../renderers/text-layout.ts";
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
  const names = rows.map(({ fact }) => visible(String(fact)));
  const column = Math.min(24, Math.max(...names.map((name) => name.length))) + 2;
  return rows
    .map(({ value }, at) => hangingIndent(`  ${names[at].padEnd(column)}`, visible(String(value)), width))
    .join("");
}

function timeline({ rows }: InvestigationSection, options: RenderOptions): string {
  const most = Math.max(1, ...rows.map(({ records }) => Number(records)));
  const cells = rows.map((row): string[] => [
    shortTime(row.start_time),
    bar(Number(row.records) / most, BAR),
    `${count(row.accepted)} accepted`,
    `${count(row.rejected)} rejected`,
    Number(row.mismatches) === 0 ? "" : `${count(row.mismatches)} against the model`,
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

function decisions({ rows }: InvestigationSection, { width }: RenderOptions): string {
  const numbers = rows.map(({ records }) => count(records));
  const widest = Math.max(...numbers.map((text) => text.length));
  return rows
    .map(({ action, rule_id: id, what }, at) => {
      const lead = `  ${String(action).padEnd(6)}  ${numbers[at].padStart(widest)}  `;
      return hangingIndent(lead, visible(`${id === null ? "" : `${id}  `}${what}`), width);
    })
    .join("");
}

function reaches({ rows }: InvestigationSection, { width }: RenderOptions): string {
  return rows
    .map((row) => {
      const way = String(row.way);
      const lead = `  ${way.padEnd(3)}  `;
      const peers = listOf(row.peers);
      const rest = Number(row.peer_count) - Math.min(peers.length, LISTED);
      const used = grouped(listOf(row.used));
      const doubt = row.certain === false ? "perhaps " : "";
      const more = rest > 0 ? ` and ${count(rest)} more` : "";
      const names = `${way === "in" ? "from" : "to"} ${peers.slice(0, LISTED).join(", ")}${more}`;
      return (
        hangingIndent(lead, visible(`${doubt}${grouped(listOf(row.services))}`), width) +
        hangingIndent(" ".repeat(textWidth(lead)), visible(`${names}${used === "" ? "" : `; used: ${used}`}`), width)
      );
    })
    .join("");
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
  const rows = sections.flatMap((section) =>
    (section.data ?? section.rows).map((row) => ({ section: section.id, ...row })),
  );
  yield* jsonArray([[{ section: "investigation", title, summary }, ...rows]]);
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
      for (const { fact, value } of section.rows)
        yield `- **${escapeMarkdown(String(fact))}**: ${escapeMarkdown(String(value))}\n`;
    } else yield* renderMarkdown(briefly(section));
    if (section.total > section.rows.length) yield `\n${section.rows.length} of ${section.total} rows.\n`;
  }
}
