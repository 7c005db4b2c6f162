import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { findReport, loadCatalogue, renderReportList, type Report } from "../../report/catalogue.ts";
import { checkWatches, parseWatches } from "../../report/fail-on.ts";
import { findingReports } from "../../report/findings/audit.ts";
import type { GivenParameters } from "../../report/parameters.ts";
import { openEvidence, type EvidenceQuery, type Result } from "../../store/evidence-query.ts";
import { EXIT } from "../failure.ts";
import { noteUnseen } from "../notes.ts";
import { databaseOption, minDaysOption, readOptionFile } from "../options.ts";
import {
  chosenReportFormat,
  fileOption,
  isFindingFormat,
  pseudonymiseOption,
  queryWith,
  readPseudonyms,
  renderOptions,
  proposalsFor,
  type ReportOutput,
  outputOption,
  writeOutput,
} from "../output.ts";
import { writeFindings, writeReviewedRows } from "../report-output.ts";
import { addFindingOptions, type FindingOptions, openReview } from "../review.ts";

interface ReportOptions extends FindingOptions, ReportOutput {
  readonly db: string;
  readonly param: readonly string[];
  readonly ioc?: string;
  readonly ipRanges?: string;
  readonly pseudonymise?: string;
  readonly minDays: number;
}

export function registerReport(program: Command): void {
  const command = program
    .command("report")
    .summary("print reports; without a name list them, or write the whole audit with --output html or sarif")
    .description(
      "Prints reports on the evidence file. Without a name it lists them with their parameters; with --output html it writes" +
        " the whole audit as one page, with --output sarif, ocsf or asff the findings of the audit.",
    )
    .argument("[name...]", "reports to print")
    .addOption(databaseOption())
    .addOption(outputOption("reports"))
    .addOption(fileOption())
    .addOption(
      new Option("--param <name=value>", "set a parameter; name=@file reads the value from a file; repeatable")
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], "none"),
    )
    .addOption(minDaysOption())
    .addOption(new Option("--ioc <file>", "indicator list for ioc-match: the same as --param indicators=@<file>"))
    .addOption(
      new Option(
        "--ip-ranges <file>",
        "AWS's ip-ranges.json, which adds the AWS service of the peers to open-rule-networks",
      ),
    )
    .addOption(pseudonymiseOption());
  addFindingOptions(command, "exit 1 if a report or an agreement (unexpected_accept, ...) has a finding").action(
    runReports,
  );
}

async function runReports(names: readonly string[], options: ReportOptions): Promise<void> {
  // A command of its own, also found under its old name among the reports.
  if (names.length === 1 && names[0] === "removable-set") return runSearch(options);
  const catalogue = loadCatalogue();
  const format = chosenReportFormat(options);
  const watches = options.failOn === undefined ? [] : parseWatches(options.failOn, catalogue);
  if (names.length === 0 && format !== "html" && !isFindingFormat(format) && watches.length === 0) {
    await writeOutput(renderReportList(catalogue, format, renderOptions(options)), options.o);
    return;
  }
  const reports = names.map((name) => findReport(catalogue, name));
  const findings = isFindingFormat(format) ? findingReports(reports, catalogue) : [];
  const wholeAudit = names.length === 0 && format === "html";
  const audited = wholeAudit || findings.length > 0 || watches.length > 0;
  const given = givenParameters(
    findings.length > 0 ? findings.map((one) => one.report) : reports,
    options,
    await ipRangesOf(options),
    audited ? ["min_days"] : [],
  );
  const minDays = Number(given.min_days);
  const pseudonyms = readPseudonyms(options.pseudonymise);
  if (pseudonyms !== null && options.exemptions !== undefined) {
    throw new AppError(
      "E_USAGE",
      "--exemptions cannot be combined with --pseudonymise: exemptions name what it replaces",
    );
  }
  const proposals = wholeAudit ? await proposalsFor(pseudonyms, { db: options.db, minDays }) : null;
  const evidence = queryWith(pseudonyms, await openEvidence(options.db));
  const review = await openReview(options, (one) => queryWith(pseudonyms, one));
  try {
    await noteUnseen(evidence, reports);
    if (format === "html") await writeOutput(await pageOf(evidence, reports, given, proposals), options.o);
    else if (isFindingFormat(format)) await writeFindings(evidence, format, findings, given, review, options);
    else if (reports.length > 0) await writeReviewedRows(evidence, format, reports, given, review, options);
    const found = await checkWatches(evidence, watches, review, minDays);
    for (const line of found) process.stderr.write(`--fail-on ${line}\n`);
    if (found.length > 0) process.exitCode = EXIT.found;
  } finally {
    review.baseline?.close();
    evidence.close();
  }
}

async function runSearch(options: ReportOptions): Promise<void> {
  const format = chosenReportFormat(options);
  if (format === "html")
    throw new AppError("E_USAGE", "removable-set does not write html", { hint: "use another --output" });
  if (isFindingFormat(format)) throw new AppError("E_USAGE", "removable-set has no findings");
  const { runRemovable } = await import("./removable.ts");
  return runRemovable({ db: options.db, o: options.o, output: format, minDays: options.minDays });
}

/** The reports as one page, or the whole audit if none is named. The modules for pages are loaded only here. */
async function pageOf(
  evidence: EvidenceQuery,
  reports: readonly Report[],
  given: GivenParameters,
  proposals: Result | null,
): Promise<AsyncIterable<string>> {
  const { auditPage, reportPage } = await import("../../report/html/pages.ts");
  const { renderPage } = await import("../../report/html/render-page.ts");
  const now = new Date();
  return renderPage(
    await (reports.length === 0
      ? auditPage(evidence, now, proposals, Number(given.min_days))
      : reportPage(evidence, reports, given, now)),
  );
}

/** `--param` values as one object; a name must belong to at least one of the reports. */
function givenParameters(
  reports: readonly Report[],
  { param, ioc, minDays }: ReportOptions,
  ipRanges: string | undefined,
  more: readonly string[],
): GivenParameters {
  const given: [string, string][] = param.map((text) => {
    const at = text.indexOf("=");
    if (at <= 0) throw new AppError("E_USAGE", `--param takes name=value, not ${text}`);
    const value = text.slice(at + 1);
    return [text.slice(0, at), value.startsWith("@") ? readOptionFile(value.slice(1)).toString() : value];
  });
  if (ioc !== undefined) given.push(["indicators", readOptionFile(ioc).toString()]);
  if (ipRanges !== undefined) given.push(["ip_ranges", ipRanges]);
  const names = reports.flatMap((report) => report.parameters.map((parameter) => parameter.name));
  const known = new Set([...names, ...more]);
  const unknown = given.find(([name]) => !known.has(name));
  if (unknown !== undefined) {
    throw new AppError("E_USAGE", `no parameter ${unknown[0]} in ${reports.map((report) => report.name).join(", ")}`, {
      hint: known.size > 0 ? `the parameters are ${[...known].join(", ")}` : "these reports take no parameters",
    });
  }
  const values: GivenParameters = { min_days: String(minDays), ...Object.fromEntries(given) };
  if (/^\d{1,5}$/.test(values.min_days)) return values;
  throw new AppError("E_USAGE", `parameter min_days must be a whole number of days, not ${values.min_days}`);
}

async function ipRangesOf({ ipRanges }: ReportOptions): Promise<string | undefined> {
  if (ipRanges === undefined) return undefined;
  const { ipRangeItems } = await import("../../report/parameters.ts");
  return ipRangeItems(readOptionFile(ipRanges).toString(), ipRanges);
}
