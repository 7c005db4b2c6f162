import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { findReport, loadCatalogue, type Report } from "../../report/catalogue.ts";
import { renderSections } from "../../report/report-sections.ts";
import { ipRangeItems } from "../../report/ip-ranges.ts";
import { renderReportList } from "../../report/report-list.ts";
import type { GivenParameters } from "../../report/run-report.ts";
import { openReader, type Reader } from "../../store/reader.ts";
import {
  chosenPageFormat,
  databaseOption,
  fileOption,
  type PageFormat,
  pageOutputOption,
  pseudonymiseOption,
  readerWith,
  readPseudonyms,
  renderOptions,
  writeOutput,
} from "../output.ts";

interface ReportOptions {
  readonly output?: PageFormat;
  readonly o?: string;
  readonly db: string;
  readonly param: readonly string[];
  readonly ioc?: string;
  readonly ipRanges?: string;
  readonly pseudonymise?: string;
}

export function registerReport(program: Command): void {
  program
    .command("report")
    .summary(
      "print reports on the evidence file; without a name, the list of reports, or with --output html all that matters",
    )
    .description(
      "Prints reports on the evidence file. Without a name it lists them with their parameters; with --output html it makes the whole audit as one page.",
    )
    .argument("[name...]", "reports to print")
    .addOption(databaseOption())
    .addOption(pageOutputOption())
    .addOption(fileOption())
    .addOption(
      new Option("--param <name=value>", "set a parameter; name=@file reads the value from a file; repeatable")
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], "none"),
    )
    .addOption(new Option("--ioc <file>", "indicator list for ioc-match: the same as --param indicators=@<file>"))
    .addOption(
      new Option("--ip-ranges <file>", "AWS's ip-ranges.json, to tell the peers of open-rule-networks by AWS service"),
    )
    .addOption(pseudonymiseOption())
    .action(runReports);
}

async function runReports(names: readonly string[], options: ReportOptions): Promise<void> {
  // A search, not a query; whoever looks for it among the reports finds it.
  if (names.length === 1 && names[0] === "removable-set") {
    const format = chosenPageFormat(options);
    if (format === "html") throw new AppError("E_USAGE", "removable-set has no page", { hint: "use another --output" });
    const { runRemovable } = await import("./removable.ts");
    return runRemovable({ db: options.db, o: options.o, output: format });
  }
  const catalogue = loadCatalogue();
  const format = chosenPageFormat(options);
  if (names.length === 0 && format !== "html") {
    await writeOutput(renderReportList(catalogue, format, renderOptions(options)), options.o);
    return;
  }
  const reports = names.map((name) => findReport(catalogue, name));
  const given = givenParameters(reports, options);
  const pseudonyms = readPseudonyms(options.pseudonymise);
  const reader = readerWith(pseudonyms, await openReader(options.db));
  try {
    if (format === "html") {
      await writeOutput(await pageOf(reader, reports, given), options.o);
    } else {
      await writeOutput(renderSections(reader, reports, given, format, renderOptions(options)), options.o);
    }
  } finally {
    reader.close();
  }
}

/** The reports as one page, or the whole audit where none is named. What draws pages is loaded only for them. */
async function pageOf(
  reader: Reader,
  reports: readonly Report[],
  given: GivenParameters,
): Promise<AsyncIterable<string>> {
  const { auditPage } = await import("../../report/html/audit/page.ts");
  const { renderPage } = await import("../../report/html/page.ts");
  const { reportPage } = await import("../../report/html/report-page.ts");
  const now = new Date();
  return renderPage(await (reports.length === 0 ? auditPage(reader, now) : reportPage(reader, reports, given, now)));
}

/** `--param` values as one object; a name must belong to at least one of the reports. */
function givenParameters(reports: readonly Report[], { param, ioc, ipRanges }: ReportOptions): GivenParameters {
  const given: [string, string][] = param.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0) throw new AppError("E_USAGE", `--param takes name=value, not ${text}`);
    const value = text.slice(at + 1);
    return [text.slice(0, at), value.startsWith("@") ? readValue(value.slice(1)) : value];
  });
  if (ioc !== undefined) given.push(["indicators", readValue(ioc)]);
  if (ipRanges !== undefined) given.push(["ip_ranges", ipRangeItems(readValue(ipRanges), ipRanges)]);
  const known = new Set(reports.flatMap((report) => report.parameters.map((parameter) => parameter.name)));
  const unknown = given.find(([name]) => !known.has(name));
  if (unknown !== undefined) {
    throw new AppError("E_USAGE", `no parameter ${unknown[0]} in ${reports.map((report) => report.name).join(", ")}`, {
      hint: known.size > 0 ? `there is ${[...known].join(", ")}` : "these reports take no parameters",
    });
  }
  return Object.fromEntries(given);
}

function readValue(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError("E_USAGE", `cannot read ${file}: ${error instanceof Error ? error.message : ""}`, {
      cause: error,
    });
  }
}
