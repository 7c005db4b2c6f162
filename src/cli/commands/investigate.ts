import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { renderPage } from "../../report/html/render-page.ts";
import { investigationPage } from "../../report/html/pages.ts";
import { investigate } from "../../report/investigate/investigation.ts";
import {
  renderInvestigation,
  renderInvestigationJson,
  renderInvestigationMarkdown,
} from "../../report/investigate/text.ts";
import { openInvestigated } from "../../store/stored-records.ts";
import { databaseOption, parseTime, wholeNumber } from "../options.ts";
import { chosenReportFormat, fileOption, renderOptions, writeOutput } from "../output.ts";

interface InvestigateOptions {
  readonly db: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly output?: Format;
  readonly o?: string;
}

type Format = "table" | "json" | "markdown" | "html";

/** Rows of a section by default: few for people, many for pages and programs. */
const LIMITS: Readonly<Record<Format, number>> = { table: 15, markdown: 50, json: 10_000, html: 10_000 };

export function registerInvestigate(program: Command): void {
  program
    .command("investigate")
    .summary("one page about an address, interface, instance, group or rule")
    .description(
      "Shows what the subject is, when it communicated, with which peers and ports, which rules accepted and rejected its" +
        " traffic, and what the stored configuration would allow that was never used.",
    )
    .argument("<subject>", "an address, a block, eni-…, i-…, sg-… or the id of a rule")
    .addOption(databaseOption())
    .option("--from <time>", "only records that start at this time or later: ISO 8601, or 7d, 12h, 30m ago", parseTime)
    .option("--to <time>", "only records that start before this time", parseTime)
    .addOption(
      new Option(
        "--limit <rows>",
        "most rows of a section (default: 15 in a table, 50 in Markdown, else 10000)",
      ).argParser(wholeNumber(1, 9_999_999)),
    )
    .addOption(
      new Option("--output <format>", "format (default: table, or by the suffix of -o)").choices([
        "table",
        "json",
        "markdown",
        "html",
      ]),
    )
    .addOption(fileOption())
    .action(runInvestigate);
}

async function runInvestigate(subject: string, options: InvestigateOptions): Promise<void> {
  const { from = null, to: until = null } = options;
  if (from !== null && until !== null && from >= until) {
    throw new AppError("E_USAGE", "--from is not before --to", {
      hint: "records that start at --from or later and before --to are shown",
    });
  }
  const format = formatOf(options);
  const investigated = await openInvestigated(options.db);
  const { evidence } = investigated;
  try {
    const limit = options.limit ?? LIMITS[format];
    const found = await investigate(investigated, subject, { period: { from, until }, limit });
    if (format === "html")
      return await writeOutput(renderPage(await investigationPage(evidence, found, new Date())), options.o);
    const text =
      format === "json"
        ? renderInvestigationJson(found)
        : format === "markdown"
          ? renderInvestigationMarkdown(found)
          : renderInvestigation(found, renderOptions(options));
    await writeOutput(text, options.o);
  } finally {
    evidence.close();
  }
}

function formatOf(options: InvestigateOptions): Format {
  const format = chosenReportFormat(options);
  if (format in LIMITS) return format as Format;
  throw new AppError("E_USAGE", `${format} cannot hold the sections of an investigation`, {
    hint: "use --output json",
  });
}
