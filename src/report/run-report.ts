import { AppError } from "../errors.ts";
import type { Parameters, EvidenceQuery, ResultStream } from "../store/evidence-query.ts";
import { loadReport, type Report } from "./catalogue.ts";
import { bindParameters, type GivenParameters, ownParameters } from "./parameters.ts";
import { escapeMarkdown, jsonArray, type OutputFormat, RENDERERS } from "./renderers/formats.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { rowObject } from "./rows.ts";

/** Runs a report with the given values and the defaults of the rest. Throws `E_USAGE` for an unknown name or a bad value. */
export function runReport(evidence: EvidenceQuery, report: Report, given: GivenParameters = {}): Promise<ResultStream> {
  return evidence.stream(report.sql, bindParameters(report, given));
}

/** The same for a report of the catalogue that is known to exist. */
export function runNamed(evidence: EvidenceQuery, name: string, given?: GivenParameters): Promise<ResultStream> {
  return runReport(evidence, loadReport(name), given);
}

/**
 * The SQL of a report with its defaults written in. DuckDB plans a statement with parameters twice, which takes longer than
 * running it. Only the catalogue's own defaults are written in; what a user gives is always bound.
 */
export function withDefaults(report: Report): string {
  const values = bindParameters(report, {});
  return report.sql.replaceAll(/\$(\w+)/g, (text, name: string) =>
    Object.hasOwn(values, name) ? literal(values[name]) : text,
  );
}

function literal(value: Parameters[string]): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]::varchar[]`;
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

/** Adds columns to a report or leaves rows out. It is called before the report runs, because it may run queries of its own. */
export type Annotate = (report: Report) => Promise<(result: ResultStream) => ResultStream>;

/**
 * Several reports in one text. Tables and Markdown have a heading for each report. JSON is one array of row objects; with
 * several reports each row begins with the report's name. CSV holds one report only (`E_USAGE` for more).
 */
export async function* renderSections(
  evidence: EvidenceQuery,
  reports: readonly Report[],
  given: GivenParameters,
  format: OutputFormat,
  options: RenderOptions,
  annotate: Annotate = async () => (result) => result,
): AsyncGenerator<string> {
  if (format === "csv" && reports.length > 1) {
    throw new AppError("E_USAGE", `csv holds one report, not ${reports.length}`, {
      hint: "use json, or one report at a time",
    });
  }
  const run = async (report: Report): Promise<ResultStream> => {
    const annotated = await annotate(report);
    return annotated(await runReport(evidence, report, ownParameters(report, given)));
  };
  if (format === "json" && reports.length > 1) {
    const rows = async function* (): AsyncGenerator<object[]> {
      for (const report of reports) {
        const { columns, chunks } = await run(report);
        const names = ["report", ...columns.map((column) => column.name)];
        for await (const chunk of chunks) yield chunk.map((row) => rowObject(names, [report.name, ...row]));
      }
    };
    yield* jsonArray(rows());
    return;
  }
  for (const [at, report] of reports.entries()) {
    if (at > 0) yield "\n";
    if (format === "table") yield `${options.style.bold(report.title)}\n`;
    if (format === "markdown") yield `## ${escapeMarkdown(report.title)}\n\n`;
    yield* RENDERERS[format](await run(report), { ...options, narrow: report.narrow });
  }
}
