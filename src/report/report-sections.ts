import { AppError } from "../errors.ts";
import type { Reader, ResultStream } from "../store/reader.ts";
import type { Report } from "./report-header.ts";
import { type GivenParameters, ownParameters, runReport } from "./run-report.ts";
import { type OutputFormat, RENDERERS } from "./renderers/formats.ts";
import { renderJson } from "./renderers/json.ts";
import { escapeMarkdown } from "./renderers/markdown.ts";
import type { RenderOptions } from "./renderers/renderer.ts";

/** Adds to the rows of a report, or leaves some out; asked before the report runs, as it may run queries of its own. */
export type Annotate = (report: Report) => Promise<(result: ResultStream) => ResultStream>;

/**
 * Several reports in one text. Tables and Markdown get a heading each; JSON stays one array of row objects, which then
 * begin with the report's name; CSV holds one report only (`E_USAGE` for more).
 */
export async function* renderSections(
  reader: Reader,
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
    return annotated(await runReport(reader, report, ownParameters(report, given)));
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
