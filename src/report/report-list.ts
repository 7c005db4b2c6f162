import type { Plain, ResultStream } from "../store/reader.ts";
import { GROUPS } from "./catalogue.ts";
import type { Report, ReportParameter } from "./report-header.ts";
import { type OutputFormat, RENDERERS } from "./renderers/formats.ts";
import type { RenderOptions } from "./renderers/renderer.ts";

/** The catalogue: for people by group with parameters below each title, for programs one row a report. */
export async function* renderReportList(
  catalogue: readonly Report[],
  format: OutputFormat,
  options: RenderOptions,
): AsyncGenerator<string> {
  if (format !== "table") {
    yield* RENDERERS[format](catalogueRows(catalogue), options);
    return;
  }
  const widest = Math.max(...catalogue.map((report) => report.name.length));
  for (const group of GROUPS) {
    const reports = catalogue.filter((report) => report.group === group);
    if (reports.length === 0) continue;
    yield `${options.style.bold(group)}\n`;
    for (const report of reports) {
      yield `  ${report.name.padEnd(widest)}  ${report.title}\n`;
      const parameters = report.parameters.map(parameterText);
      if (parameters.length > 0) yield options.style.dim(`${wrap(parameters, widest + 4, options.width)}\n`);
    }
    yield "\n";
  }
  yield options.style.dim("flowreplay report <name> [--param name=value]; --output json has the descriptions\n");
}

function parameterText({ name, default: value }: ReportParameter): string {
  return value === null ? name : `${name}=${value}`;
}

function wrap(words: readonly string[], indent: number, width: number): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(" ".repeat(indent) + word);
  }
  return lines.join("\n");
}

function catalogueRows(catalogue: readonly Report[]): ResultStream {
  const names = ["name", "title", "group", "severity", "description", "parameters"];
  const rows: Plain[][] = catalogue.map((report) => [
    report.name,
    report.title,
    report.group,
    report.severity,
    report.description,
    report.parameters.map((parameter) => ({ ...parameter })),
  ]);
  const chunks = async function* () {
    yield rows;
  };
  return { columns: names.map((name) => ({ name, type: "VARCHAR" })), chunks: chunks() };
}
