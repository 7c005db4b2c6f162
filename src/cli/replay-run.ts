import { parseFieldList } from "../decode/field-list.ts";
import { replay, type ReplayResult } from "../replay.ts";
import type { FollowEvents } from "../replay/follow.ts";
import type { Threads } from "../replay/threads.ts";
import { loadCatalogue } from "../report/catalogue.ts";
import { checkWatches, parseWatches } from "../report/fail-on.ts";
import { renderSummary } from "../report/summary.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";
import { isoTime, plural } from "../text.ts";
import type { ReplayCommandOptions } from "./commands/replay.ts";
import { EXIT } from "./failure.ts";
import { packageVersion } from "./options.ts";
import { proposalsFor, queryWith, readPseudonyms, renderOptions, writeOutput } from "./output.ts";
import { createProgress, interruptible, type ProgressLine } from "./progress.ts";
import { openReview } from "./review.ts";

/** The command, once its options have been checked. */
export async function runReplay(
  sources: readonly string[],
  options: ReplayCommandOptions,
  threads: Threads,
): Promise<void> {
  const { from, to, minDays } = options;
  const fields = options.fields === undefined ? undefined : parseFieldList(options.fields);
  const watches = options.failOn === undefined ? [] : parseWatches(options.failOn, loadCatalogue());
  const review = await openReview(options);
  const pseudonyms = readPseudonyms(options.pseudonymise);
  const progress = createProgress(process.stderr);
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
  };
  const events = { note: progress.note, progress: progress.show };
  const finished = async (_: ReplayResult, evidence: Pick<EvidenceQuery, "run">): Promise<void> => {
    summary = await renderSummary(evidence, { ...renderOptions({}), minDays });
  };
  const result = await interruptible(progress, async (signal) => {
    if (!options.follow) return replay({ ...replayOptions, signal }, { ...events, finished }, threads);
    const { followReplay } = await import("../replay/follow.ts");
    await followReplay({ ...replayOptions, signal }, { ...events, ...printFindings(options, progress) });
    return null;
  });
  if (result === null) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  process.exitCode = exitCodeOf(result, options.model !== undefined);
  noteWindow(result, options, progress);
  if (options.model === undefined && result.records > 0) {
    progress.note(
      "no --model: every record is unmodelled, and nothing is said of rules. Take the configuration with flowreplay snapshot --out config, then replay into a new --db with --model config",
    );
  }
  noteTroubles(result, progress);
  process.stdout.write(summary);
  if (options.html === undefined && watches.length === 0) return;
  const proposals = options.html === undefined ? null : await proposalsFor(pseudonyms, options);
  const evidence = await openStored(options.db);
  try {
    if (options.html !== undefined) {
      const { auditPage } = await import("../report/html/pages.ts");
      const { renderPage } = await import("../report/html/render-page.ts");
      const page = await auditPage(queryWith(pseudonyms, evidence), new Date(), proposals, minDays);
      await writeOutput(renderPage(page), options.html);
    }
    if (process.exitCode !== EXIT.done) return;
    const found = await checkWatches(evidence, watches, review, minDays);
    for (const line of found) progress.note(`--fail-on ${line}`);
    const checks = new Set(watches.flatMap((watch) => watch.report?.name ?? []));
    for (const line of review.exemptions?.notes(checks) ?? []) progress.note(line);
    if (found.length > 0) process.exitCode = EXIT.found;
  } finally {
    review.baseline?.close();
    evidence.close();
  }
}

/** Opens the evidence file of the run. DuckDB was loaded in the writer's thread; most runs do not need it here. */
async function openStored(db: string): Promise<EvidenceQuery> {
  const { openEvidence } = await import("../store/evidence-query.ts");
  return openEvidence(db);
}

/** `--follow`: prints the summary first, then new findings as they come. */
function printFindings(
  { db, minDays }: ReplayCommandOptions,
  progress: ProgressLine,
): Pick<FollowEvents, "caughtUp" | "stored"> {
  const print = async (render: (evidence: EvidenceQuery) => Promise<string>): Promise<void> => {
    progress.clear();
    const evidence = await openStored(db);
    try {
      process.stdout.write(await render(evidence));
    } finally {
      evidence.close();
    }
  };
  return {
    caughtUp: async () => {
      await print((evidence) => renderSummary(evidence, { ...renderOptions({}), minDays }));
      progress.note("following; press Ctrl-C to stop, everything that was read is stored");
    },
    stored: (object) =>
      print(async (evidence) => (await import("../report/new-findings.ts")).newFindings(evidence, object)),
  };
}

function exitCodeOf(result: ReplayResult, withModel: boolean): number {
  if (result.interrupted) return EXIT.interrupted;
  // Everything was ingested before, under these names or by another flow log.
  if (result.skipped + result.duplicates > 0 && result.records === 0) return EXIT.done;
  if (result.records === 0) return EXIT.nothingToJudge;
  return withModel && result.modelled === 0 ? EXIT.nothingToJudge : EXIT.done;
}

/** The ledger knows only whole objects, so `--from` and `--to` choose objects, not records. */
function noteWindow(
  { times }: ReplayResult,
  { from, to }: { from?: number; to?: number },
  { note }: ProgressLine,
): void {
  if (times === null || (times.first >= (from ?? 0) && times.last <= (to ?? Infinity))) return;
  note(
    `--from and --to choose objects, which are read completely: the records are from ${isoTime(times.first)} to ${isoTime(times.last)}`,
  );
}

/** Duplicates, retries and evicted connections. */
function noteTroubles({ duplicates, retries, evicted }: ReplayResult, { note }: ProgressLine): void {
  if (duplicates > 0) note(`${plural(duplicates, "duplicate record")} from another flow log or a copy: stored once`);
  if (retries > 0)
    note(`${plural(retries, "request")} repeated after throttling, timeouts, resets or interrupted transfers`);
  if (evicted > 0) {
    note(
      `${plural(evicted, "connection")} evicted early because too many were open at once: a late record of one may look new`,
    );
  }
}
