import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { AppError } from "../../errors.ts";
import { startThreads } from "../../replay/threads.ts";
import { visible } from "../../report/renderers/renderer.ts";
import { FOLLOWED_USAGE, followedSource, SOURCE_USAGE } from "../../source/table.ts";
import { isoTime } from "../../text.ts";
import {
  databaseOption,
  flagOf,
  type MinDays,
  minDaysOption,
  parseTime,
  tcpIdleOption,
  wholeNumber,
} from "../options.ts";
import { addReviewOptions, type ReviewOptions } from "../review.ts";

export interface ReplayCommandOptions extends ReviewOptions, MinDays {
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
    .option(
      "--model <path>",
      "folder or file of `aws ec2 describe-*` JSON, a folder of such folders (history), or an evidence file (its newest model)",
    )
    .addOption(databaseOption())
    .addOption(
      new Option(
        "--from <time>",
        "only objects that may hold records from this time on; each is read completely (ISO 8601, or 7d, 12h, 30m ago)",
      ).argParser(parseTime),
    )
    .addOption(
      new Option(
        "--to <time>",
        "only objects that may hold records up to this time; each is read completely",
      ).argParser(parseTime),
    )
    .option("--fields <list>", "field list of text without a header line, in the order of the records")
    .option("--dry-run", "only print the objects that would be read, their sizes and what is left out")
    .option("--follow", `keep reading the source (${FOLLOWED_USAGE}) and print new mismatches and probes until Ctrl-C`)
    .option("--no-flows", "keep sums only, not a row for each record")
    .addOption(
      new Option("--workers <number>", "reader threads; 0 reads in the main thread")
        .argParser(wholeNumber(0, 999))
        .default(Math.max(1, availableParallelism() - 1), "number of cores minus one"),
    )
    .addOption(tcpIdleOption())
    .addOption(minDaysOption())
    .option("--html <file>", "also write the audit as one HTML page")
    .option(
      "--pseudonymise <file>",
      "for --html: replace addresses, ids and names with stable fakes; the file holds the secret for them",
    )
    .option("--region <region>", "AWS region of the sources")
    .option("--profile <name>", "AWS profile of the sources");
  addReviewOptions(command, "exit 1 if an agreement (unexpected_accept, ...) or a report has a finding").action(
    startReplay,
  );
}

/** Checks the options first. Then the threads start, while the rest of the program is loaded. */
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

/** Exemptions and a baseline need `--fail-on`; the summary shows everything. */
function checkReview({ failOn, exemptions, baseline, db }: ReplayCommandOptions): void {
  const lone = exemptions === undefined ? (baseline === undefined ? null : "baseline") : "exemptions";
  if (failOn === undefined && lone !== null) throw new AppError("E_USAGE", `--${lone} needs --fail-on`);
  if (baseline !== undefined && resolve(baseline) === resolve(db)) {
    throw new AppError("E_USAGE", `--baseline ${baseline} is the evidence file that the replay writes`, {
      hint: "keep a copy of the earlier file, or give its --output sarif",
    });
  }
}

/** Refuses options that make no sense for a run without an end. */
function checkFollow(sources: readonly string[], options: ReplayCommandOptions): void {
  followedSource(sources);
  const unfit = (["to", "dryRun", "failOn", "exemptions", "baseline", "html"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (unfit === undefined && options.flows) return;
  throw new AppError("E_USAGE", `--follow cannot be combined with ${flagOf(unfit ?? "noFlows")}`);
}
