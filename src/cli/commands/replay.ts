import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseFieldList } from "../../decode/fields.ts";
import { AppError } from "../../errors.ts";
import type { FollowEvents } from "../../follow.ts";
import { replay, type ReplayResult } from "../../replay.ts";
import { loadCatalogue } from "../../report/catalogue.ts";
import { checkWatches, parseWatches } from "../../report/fail-on.ts";
import { renderSummary } from "../../report/summary.ts";
import type { Reader } from "../../store/reader.ts";
import { visible } from "../../report/renderers/renderer.ts";
import { EXIT } from "../failure.ts";
import { addReviewOptions, openReview, type ReviewOptions } from "../findings.ts";
import { databaseOption, readerWith, readPseudonyms, renderOptions, resultWith, writeOutput } from "../output.ts";
import { packageVersion } from "../package-version.ts";
import { tightenProposals } from "../proposals.ts";
import { createProgress, type ProgressLine } from "../progress.ts";
import { noteTroubles, noteWindow } from "../replay-notes.ts";
import { isoTime, parseTime } from "../time.ts";

interface ReplayCommandOptions extends ReviewOptions {
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
    .argument("<source...>", "file, folder, glob, - (stdin), s3://bucket/prefix or cloudwatch://log-group")
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
    .option("--follow", "keep reading a cloudwatch:// source, print new mismatches and probes until Ctrl-C")
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
    runReplay,
  );
}

async function runReplay(sources: readonly string[], options: ReplayCommandOptions): Promise<void> {
  const { from, to } = options;
  if (from !== undefined && to !== undefined && from > to) {
    throw new AppError("E_USAGE", `--from ${isoTime(from)} is after --to ${isoTime(to)}`);
  }
  const fields = options.fields === undefined ? undefined : parseFieldList(options.fields);
  if (options.follow) checkFollow(sources, options);
  if (options.dryRun) {
    const { printPlan } = await import("../dry-run.ts");
    return printPlan(sources, options, (text) => void process.stderr.write(`note: ${visible(text)}\n`));
  }
  const watches = options.failOn === undefined ? [] : parseWatches(options.failOn, loadCatalogue());
  checkReview(options);
  const review = await openReview(options);
  const pseudonyms = readPseudonyms(options.pseudonymise);
  const progress = createProgress(process.stderr);
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    progress.note("stopping after the objects under way; once more to stop at once");
    abort.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let result: ReplayResult;
  let summary = "";
  const replayOptions = {
    sources,
    model: options.model ?? null,
    db: options.db,
    from,
    to,
    fields,
    keepFlows: options.flows,
    workers: options.workers,
    tcpIdle: options.tcpIdle,
    aws: { region: options.region, profile: options.profile },
    toolVersion: packageVersion(),
    signal: abort.signal,
  };
  const events = { note: progress.note, progress: progress.show };
  try {
    if (options.follow) {
      const { followReplay } = await import("../../follow.ts");
      await followReplay(
        { ...replayOptions, group: sources[0] },
        { ...events, ...printFindings(options.db, progress) },
      );
      process.exitCode = EXIT.interrupted;
      return;
    }
    const finished = async (_: ReplayResult, evidence: Pick<Reader, "run">): Promise<void> => {
      summary = await renderSummary(evidence, renderOptions({}));
    };
    result = await replay(replayOptions, { ...events, finished });
  } finally {
    progress.clear();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
  process.exitCode = exitCodeOf(result, options.model !== undefined);
  noteWindow(result, options, progress);
  noteTroubles(result, progress);
  process.stdout.write(summary);
  if (options.html === undefined && watches.length === 0) return;
  const proposals = options.html === undefined ? null : await tightenProposals(options.db);
  const reader = await openEvidence(options.db);
  try {
    if (options.html !== undefined) {
      const { auditPage } = await import("../../report/html/audit/page.ts");
      const { renderPage } = await import("../../report/html/page.ts");
      const page = await auditPage(readerWith(pseudonyms, reader), new Date(), resultWith(pseudonyms, proposals));
      await writeOutput(renderPage(page), options.html);
    }
    if (process.exitCode !== EXIT.done) return;
    const found = await checkWatches(reader, watches, review);
    for (const line of found) progress.note(`--fail-on ${line}`);
    const checks = new Set(watches.flatMap((watch) => watch.report?.name ?? []));
    for (const line of review.exemptions?.notes(checks) ?? []) progress.note(line);
    if (found.length > 0) process.exitCode = EXIT.found;
  } finally {
    review.baseline?.close();
    reader.close();
  }
}

/** Reads what a run has left. The writer had DuckDB in a thread of its own: most runs need it in no other. */
async function openEvidence(db: string): Promise<Reader> {
  const { openReader } = await import("../../store/reader.ts");
  return openReader(db);
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
  if (sources.length !== 1 || !/^cloudwatch:/i.test(sources[0])) {
    throw new AppError("E_USAGE", `--follow takes one cloudwatch:// source, not ${sources.join(" ")}`, {
      hint: "replay files and S3 again and again: only what is new is read",
    });
  }
  const unfit = (["to", "dryRun", "failOn", "exemptions", "baseline", "html"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (unfit === undefined && options.flows) return;
  const flag = unfit === undefined ? "no-flows" : unfit.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
  throw new AppError("E_USAGE", `--follow does not go with --${flag}`);
}

/** `--follow`: the summary of what there was, then what is new, as it comes. */
function printFindings(db: string, progress: ProgressLine): Pick<FollowEvents, "caughtUp" | "stored"> {
  const print = async (render: (reader: Reader) => Promise<string>): Promise<void> => {
    progress.clear();
    const reader = await openEvidence(db);
    try {
      process.stdout.write(await render(reader));
    } finally {
      reader.close();
    }
  };
  return {
    caughtUp: async () => {
      await print((reader) => renderSummary(reader, renderOptions({})));
      progress.note("following; Ctrl-C ends it, everything read is stored");
    },
    stored: (object) =>
      print(async (reader) => (await import("../../report/new-findings.ts")).newFindings(reader, object)),
  };
}

function exitCodeOf(result: ReplayResult, withModel: boolean): number {
  if (result.interrupted) return EXIT.interrupted;
  // Everything that there is was ingested before, under these names or by another flow log.
  if (result.skipped + result.duplicates > 0 && result.records === 0) return EXIT.done;
  if (result.records === 0) return EXIT.nothingToJudge;
  return withModel && result.modelled === 0 ? EXIT.nothingToJudge : EXIT.done;
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
