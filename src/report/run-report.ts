import { AppError } from "../errors.ts";
import type { Parameters, EvidenceQuery, Plain, ResultStream } from "../store/evidence-query.ts";
import { plural } from "../text.ts";
import { loadReport, type Report } from "./catalogue.ts";
import { bindParameters, type GivenParameters, ownParameters } from "./parameters.ts";
import { escapeMarkdown, jsonArray, type OutputFormat, RENDERERS } from "./renderers/formats.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { rowObject } from "./rows.ts";

/** The rows of a report, which may stop at a limit. */
export interface ReportRows extends ResultStream {
  /** To be asked when all rows were read: how many more a limit left out, in words; null if it left out none. */
  leftOut(): Promise<string | null>;
}

/** Runs a report with the given values and the defaults of the rest. Throws `E_USAGE` for an unknown name or a bad value. */
export async function runReport(
  evidence: EvidenceQuery,
  report: Report,
  given: GivenParameters = {},
): Promise<ReportRows> {
  const values = bindParameters(report, given);
  const { columns, chunks } = await evidence.stream(report.sql, values);
  let read = 0;
  const counted = async function* (): AsyncGenerator<readonly Plain[][]> {
    for await (const chunk of chunks) {
      read += chunk.length;
      yield chunk;
    }
  };
  const leftOut = async (): Promise<string | null> => {
    if (typeof values.limit !== "number" || read < values.limit) return null;
    const all = await countRows(evidence, report, given);
    const rest = all - read;
    return rest > 0
      ? `${report.name}: ${plural(rest, "more row is", "more rows are")} left out; use --param limit=${all}`
      : null;
  };
  return { columns, chunks: counted(), leftOut };
}

/** The number of rows of a report without its limit. */
export async function countRows(evidence: EvidenceQuery, report: Report, given: GivenParameters): Promise<number> {
  const values = bindParameters(report, withoutLimit(report, given));
  const { rows } = await evidence.run(`select count(*) from (\n${report.sql}\n)`, values);
  return Number(rows[0][0]);
}

/** The values, with a limit beyond any number of rows for a report that has one. */
export function withoutLimit(report: Report, given: GivenParameters): GivenParameters {
  return report.parameters.some(({ name }) => name === "limit") ? { ...given, limit: "1000000000000" } : given;
}

/** The same for a report of the catalogue that is known to exist. */
export function runNamed(evidence: EvidenceQuery, name: string, given?: GivenParameters): Promise<ReportRows> {
  return runReport(evidence, loadReport(name), given);
}

/**
 * The SQL of a report with its defaults written in. DuckDB plans a statement with parameters twice, which takes longer than
 * running it. Only the catalogue's own defaults and `minDays`, a number, are written in; what a user gives as text is bound.
 */
export function withDefaults(report: Report, minDays?: number): string {
  const given = minDays === undefined ? {} : ownParameters(report, { min_days: String(minDays) });
  const values = bindParameters(report, given);
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
 * several reports each row begins with the report's name. CSV holds one report only (`E_USAGE` for more). What a limit left
 * out is said below the rows, or through `note` where a format has no place for it.
 */
export async function* renderSections(
  evidence: EvidenceQuery,
  reports: readonly Report[],
  given: GivenParameters,
  format: OutputFormat,
  options: RenderOptions,
  annotate: Annotate,
  note: (text: string) => void,
): AsyncGenerator<string> {
  if (format === "csv" && reports.length > 1) {
    throw new AppError("E_USAGE", `csv holds one report, not ${reports.length}`, {
      hint: "use json, or one report at a time",
    });
  }
  const run = async (report: Report): Promise<ReportRows> => {
    const annotated = await annotate(report);
    const rows = await runReport(evidence, report, ownParameters(report, given));
    return { ...annotated(rows), leftOut: rows.leftOut };
  };
  const noteLeftOut = async (rows: ReportRows): Promise<void> => {
    const text = await rows.leftOut();
    if (text !== null) note(text);
  };
  if (format === "json" && reports.length > 1) {
    const objects = async function* (): AsyncGenerator<object[]> {
      for (const report of reports) {
        const rows = await run(report);
        const names = ["report", ...rows.columns.map((column) => column.name)];
        for await (const chunk of rows.chunks) yield chunk.map((row) => rowObject(names, [report.name, ...row]));
        await noteLeftOut(rows);
      }
    };
    yield* jsonArray(objects());
    return;
  }
  for (const [at, report] of reports.entries()) {
    if (at > 0) yield "\n";
    if (format === "table") yield `${options.style.bold(report.title)}\n`;
    if (format === "markdown") yield `## ${escapeMarkdown(report.title)}\n\n`;
    const rows = await run(report);
    yield* RENDERERS[format](rows, { ...options, narrow: report.narrow });
    if (format === "csv" || format === "json") {
      await noteLeftOut(rows);
      continue;
    }
    const text = await rows.leftOut();
    if (text !== null) yield format === "table" ? `${options.style.dim(text)}\n` : `\n${escapeMarkdown(text)}\n`;
  }
}
