import type { Plain } from "../../store/reader.ts";
import { type RenderOptions, visible } from "../renderers/renderer.ts";
import { hangingIndent } from "../renderers/wrap.ts";
import { count } from "../summary-text.ts";
import type { InvestigationSection } from "./sections.ts";
import { textWidth } from "../renderers/text-width.ts";

/** Services and names that a line lists. */
const LISTED = 12;

/** Sections whose rows are sentences rather than cells: nothing of them is cut. */
export function entries(section: InvestigationSection, options: RenderOptions): string | null {
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
  const places = new Map(columns.map(([name], at) => [name, at]));
  return (row, name) => row[places.get(name)!];
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
