import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { AppError } from "../../errors.ts";
import { visible } from "../../report/renderers/renderer.ts";
import { startThreads } from "../../replay/threads.ts";
import { FOLLOWED_USAGE, followedSource, SOURCE_USAGE } from "../../source/table.ts";
import { databaseOption, isoTime, parseTime } from "../options.ts";
import { addReviewOptions, type ReviewOptions } from "../findings.ts";

export interface ReplayCommandOptions extends ReviewOptions {
  readonly model?: string;
  readonly db: string;
  readonly from?: number;
  readonly to?: number;
  readonly fields?: string;
  readonly flows: boolean;
  readonly dryRun?: boolean;
  readonly follow?: boolean;
  readonly workers: number;
  readonly region?: string;
  readonly profile?: string;
  readonly tcpIdle?: number;
  readonly html?: string;
  readonly pseudonymise?: string;
}

export function registerReplay(program: Command): void {
  const command = program
    .command("replay")
    .summary("ingest flow logs, judge every record against the model, store the evidence")
    .description(
      "Reads flow log records, judges each against the modelled security groups and network ACLs, and stores the evidence.",
    )
    .argument("<source...>", SOURCE_USAGE)
    .option("--model <path>", "folder (or file) of `aws ec2 describe-*` JSON, or a history of such folders")
    .addOption(databaseOption())
    .addOption(
      new Option(
        "--from <time>",
        "only objects that may hold records from this time on, each read whole (ISO 8601, or 7d, 12h, 30m ago)",
      ).argParser(parseTime),
    )
    .addOption(
      new Option("--to <time>", "only objects that may hold records up to this time, each read whole").argParser(
        parseTime,
      ),
    )
    .option("--fields <list>", "field list of text without a header line, in record order")
    .option("--dry-run", "only print the objects that would be read, their bytes and what is left out")
    .option("--follow", `keep reading the source (${FOLLOWED_USAGE}), print new mismatches and probes until Ctrl-C`)
    .option("--no-flows", "keep sums only, not a row for every record")
    .addOption(
      new Option("--workers <number>", "reader threads; 0 reads on the main thread")
        .argParser(parseWorkers)
        .default(Math.max(1, availableParallelism() - 1), "one a core, but one"),
    )
    .addOption(
      new Option(
        "--tcp-idle <seconds>",
        "idle time-out of established TCP connections (60-432000; 350 on newer instances)",
      ).argParser(parseTimeout),
    )
    .option("--html <file>", "also write the report as one page that opens in a browser")
    .option(
      "--pseudonymise <file>",
      "of the page: stable fake addresses, ids and names; the file holds the secret behind them",
    )
    .option("--region <region>", "AWS region of the sources")
    .option("--profile <name>", "AWS profile of the sources");
  addReviewOptions(command, "exit 1 when an agreement (unexpected_accept, ...) or a report has a finding").action(
    startReplay,
  );
}

/** What is wrong with the options themselves is said at once; then the threads begin, while the rest is being loaded. */
async function startReplay(sources: readonly string[], options: ReplayCommandOptions): Promise<void> {
  const { from, to } = options;
  if (from !== undefined && to !== undefined && from > to) {
    throw new AppError("E_USAGE", `--from ${isoTime(from)} is after --to ${isoTime(to)}`);
  }
  if (options.follow) checkFollow(sources, options);
  if (options.dryRun) {
    const { printPlan } = await import("../dry-run.ts");
    return printPlan(sources, options, (text) => void process.stderr.write(`note: ${visible(text)}\n`));
  }
  checkReview(options);
  const threads = startThreads(options.follow ? 0 : options.workers);
  const { runReplay } = await import("../replay-run.ts");
  await runReplay(sources, options, threads);
}

/** Exemptions and a baseline are for `--fail-on`: the summary shows everything. */
function checkReview({ failOn, exemptions, baseline, db }: ReplayCommandOptions): void {
  const lone = exemptions === undefined ? (baseline === undefined ? null : "baseline") : "exemptions";
  if (failOn === undefined && lone !== null) throw new AppError("E_USAGE", `--${lone} goes with --fail-on`);
  if (baseline !== undefined && resolve(baseline) === resolve(db)) {
    throw new AppError("E_USAGE", `--baseline ${baseline} is the evidence file that the replay writes`, {
      hint: "keep a copy of the earlier one, or give its --output sarif",
    });
  }
}

/** What of the other options has no meaning for a run without an end. */
function checkFollow(sources: readonly string[], options: ReplayCommandOptions): void {
  followedSource(sources);
  const unfit = (["to", "dryRun", "failOn", "exemptions", "baseline", "html"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (unfit === undefined && options.flows) return;
  const flag = unfit === undefined ? "no-flows" : unfit.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
  throw new AppError("E_USAGE", `--follow does not go with --${flag}`);
}

function parseTimeout(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 60 || seconds > 432_000)
    throw new InvalidArgumentError("give a whole number of seconds from 60 to 432000");
  return seconds;
}

function parseWorkers(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError("give a whole number from 0 to 999");
  return Number(text);
}
