import { AppError } from "../errors.ts";
import type { Parameters, EvidenceQuery, ResultStream } from "../store/evidence-query.ts";
import type { Report, ReportParameter } from "./catalogue.ts";
import { escapeMarkdown, type OutputFormat, RENDERERS, renderJson } from "./renderers/formats.ts";
import type { RenderOptions } from "./renderers/renderer.ts";

/** Values as the user gives them, by parameter name. */
export type GivenParameters = Readonly<Record<string, string>>;

/** Runs a report with its defaults and what the user gave; throws `E_USAGE` for an unknown name or a bad value. */
export function runReport(evidence: EvidenceQuery, report: Report, given: GivenParameters = {}): Promise<ResultStream> {
  return evidence.stream(report.sql, bindParameters(report, given));
}

/** Of what was given for several reports, what this one takes. */
export function ownParameters(report: Report, given: GivenParameters): GivenParameters {
  return Object.fromEntries(
    report.parameters.flatMap(({ name }) => (Object.hasOwn(given, name) ? [[name, given[name]]] : [])),
  );
}

/**
 * The SQL of a report with its defaults written in: a statement with parameters is planned twice, which takes longer than to
 * run it. The defaults are the catalogue's own; what a user gives is bound.
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

export function bindParameters(report: Report, given: GivenParameters): Parameters {
  for (const name of Object.keys(given)) {
    if (report.parameters.some((parameter) => parameter.name === name)) continue;
    const names = report.parameters.map((parameter) => parameter.name);
    throw new AppError("E_USAGE", `report ${report.name} has no parameter ${name}`, {
      hint: names.length > 0 ? `it takes ${names.join(", ")}` : "it takes none",
    });
  }
  return Object.fromEntries(
    report.parameters.map((parameter) => [parameter.name, parseValue(report, parameter, given[parameter.name])]),
  );
}

function parseValue(report: Report, parameter: ReportParameter, given: string | undefined): Parameters[string] {
  const text = given ?? parameter.default;
  if (text === null) return parameter.type === "list" ? [] : null;
  const fail = (wanted: string): never => {
    throw new AppError("E_USAGE", `report ${report.name}: parameter ${parameter.name} must be ${wanted}, not ${text}`, {
      hint: parameter.description,
    });
  };
  switch (parameter.type) {
    case "integer": {
      const value = Number(text);
      return /^-?\d+$/.test(text) && Number.isSafeInteger(value) ? value : fail("a whole number");
    }
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : fail("a number");
    case "timestamp":
      return parseTime(text) ?? fail("a time such as 2026-11-01T09:00:00Z");
    case "list":
      return listItems(text);
    case "text":
      return text;
  }
}

/** UTC unless the text names an offset; returned in the form that SQL casts to `timestamp`. */
function parseTime(text: string): string | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (match === null) return null;
  const milliseconds = Date.parse(`${match[1]}T${match[2] ?? "00:00"}${match[3] ?? "Z"}`);
  return Number.isNaN(milliseconds) ? null : new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
}

/** Items separated by commas or line ends; `#` starts a comment in a list that came from a file. */
function listItems(text: string): readonly string[] {
  return text
    .split("\n")
    .flatMap((line) => line.replace(/#.*$/, "").split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Adds to the rows of a report, or leaves some out; asked before the report runs, as it may run queries of its own. */
export type Annotate = (report: Report) => Promise<(result: ResultStream) => ResultStream>;

/**
 * Several reports in one text. Tables and Markdown get a heading each; JSON stays one array of row objects, which then
 * begin with the report's name; CSV holds one report only (`E_USAGE` for more).
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
    yield* joinArrays(reports, async (report) => renderJson(labelled(report.name, await run(report))));
    return;
  }
  for (const [at, report] of reports.entries()) {
    if (at > 0) yield "\n";
    if (format === "table") yield `${options.style.bold(report.title)}\n`;
    if (format === "markdown") yield `## ${escapeMarkdown(report.title)}\n\n`;
    yield* RENDERERS[format](await run(report), { ...options, narrow: report.narrow });
  }
}

function labelled(name: string, result: ResultStream): ResultStream {
  const chunks = async function* () {
    for await (const chunk of result.chunks) yield chunk.map((row) => [name, ...row]);
  };
  return { columns: [{ name: "report", type: "VARCHAR" }, ...result.columns], chunks: chunks() };
}

/** Merges arrays of the JSON renderer (a row a line) into one. */
async function* joinArrays(
  reports: readonly Report[],
  render: (report: Report) => Promise<AsyncIterable<string>>,
): AsyncGenerator<string> {
  let separator = "[\n";
  for (const report of reports) {
    for await (const piece of await render(report)) {
      const rows = piece.replace(/^(\[\n|,\n|\[\]\n)/, "").replace(/\n\]\n$/, "");
      if (rows === "") continue;
      yield separator + rows;
      separator = ",\n";
    }
  }
  yield separator === "[\n" ? "[]\n" : "\n]\n";
}
