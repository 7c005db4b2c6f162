import { safeJson } from "../renderers/renderer.ts";
import { rowObject } from "../renderers/json.ts";
import { escapeMarkdown, renderMarkdown } from "../renderers/markdown.ts";
import { briefly } from "./brief.ts";
import type { Investigation, InvestigationSection } from "./sections.ts";

/** One array of row objects, each beginning with the section that it belongs to. */
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
