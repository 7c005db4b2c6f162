import { type Command, InvalidArgumentError, Option } from "commander";
import { investigationPage } from "../../report/html/pages.ts";
import { renderPage } from "../../report/html/page.ts";
import { investigate } from "../../report/investigate/investigation.ts";
import {
  renderInvestigation,
  renderInvestigationJson,
  renderInvestigationMarkdown,
} from "../../report/investigate/text.ts";
import { AppError } from "../../errors.ts";
import { openInvestigated } from "../../store/stored-records.ts";
import { databaseOption, parseTime } from "../options.ts";
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

/** Rows of a section: what a person reads at a go, and what a page or a program takes. */
const LIMITS: Readonly<Record<Format, number>> = { table: 15, markdown: 50, json: 10_000, html: 10_000 };

export function registerInvestigate(program: Command): void {
  program
    .command("investigate")
    .summary("one page about an address, interface, instance, group or rule")
    .description(
      "Who and what it is, when it talked, with whom and at which ports, what was accepted and rejected by which rule," +
        " and what the stored configuration would let it do that it never did.",
    )
    .argument("<subject>", "an address, a block, eni-…, i-…, sg-… or the id of a rule")
    .addOption(databaseOption())
    .option("--from <time>", "records that start from this time on: ISO 8601, or 7d, 12h, 30m ago", parseTime)
    .option("--to <time>", "records that start before this time", parseTime)
    .addOption(
      new Option("--limit <rows>", "rows of a section (default: 15 in a table, 50 in Markdown, else 10000)").argParser(
        parseLimit,
      ),
    )
    .addOption(
      new Option("--output <format>", "how to print (default: table, or by the suffix of -o)").choices([
        "table",
        "json",
        "markdown",
        "html",
      ]),
    )
    .addOption(fileOption())
    .action(runInvestigate);
}

function parseLimit(text: string): number {
  const value = Number(text);
  if (!/^\d{1,7}$/.test(text) || value < 1) throw new InvalidArgumentError("give a number of rows from 1 on");
  return value;
}

async function runInvestigate(subject: string, options: InvestigateOptions): Promise<void> {
  const { from = null, to: until = null } = options;
  if (from !== null && until !== null && from >= until) {
    throw new AppError("E_USAGE", "--from is not before --to", {
      hint: "records from --from on and before --to are shown",
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
  throw new AppError("E_USAGE", `a page of several tables is no ${format}`, { hint: "use --output json" });
}
