import { existsSync } from "node:fs";
import { AppError } from "./errors.ts";
import { type ArgumentTransfers, callable } from "./replay/calls.ts";
import { createEvaluation } from "./replay/evaluation.ts";
import type { EvidenceSession } from "./replay/evidence-session.ts";
import { lateObjectsNote } from "./replay/late-objects.ts";
import { misplacedNote, otherModelNote, unmodelledNote } from "./replay/model-notes.ts";
import { NOTHING_KNOWN, pendingObjects, planAndOpen } from "./replay/pending-objects.ts";
import { createReaderPool } from "./replay/reader-pool.ts";
import { judgeAndStore, type Pace, type Progress, type SegmentTotals } from "./replay/segments.ts";
import { expectTransfers, startThreads, type Threads } from "./replay/threads.ts";
import type { AwsOptions, SourceObject } from "./source/source.ts";
import { evidenceFiles } from "./source/evidence.ts";
import { kindOfObject } from "./source/table.ts";
import type { EvidenceQuery } from "./store/evidence-query.ts";
import { factBuffers } from "./store/columns.ts";

export interface ReplayOptions {
  readonly sources: readonly string[];
  /** What to read instead of planning the sources. */
  readonly objects?: readonly SourceObject[];
  /** Path of the model; null: every record is unmodelled. */
  readonly model: string | null;
  readonly db: string;
  /** Unix seconds, inclusive. */
  readonly from?: number;
  readonly to?: number;
  readonly fields?: readonly string[];
  readonly keepFlows: boolean;
  readonly workers: number;
  /** Idle time-out of established TCP connections, seconds, at interfaces that do not set their own. */
  readonly tcpIdle?: number;
  readonly aws: AwsOptions;
  readonly toolVersion: string;
  readonly signal?: AbortSignal;
  /** Tests judge and commit few records at a time. */
  readonly pace?: Pace;
}

export interface ReplayEvents {
  note(text: string): void;
  progress(done: Progress): void;
  /** Everything is stored and the evidence file is still open, so that queries need not open it again. */
  finished?(result: ReplayResult, evidence: Pick<EvidenceQuery, "run">): Promise<void>;
}

export interface ReplayResult extends SegmentTotals {
  /** Objects that the evidence file already held. */
  readonly skipped: number;
  readonly retries: number;
  /** Connections that were dropped before their time-out because there were too many. */
  readonly evicted: number;
}

/**
 * The whole job: plan the sources, open the evidence file, read the model, then read what is new, judge it and store it.
 * Objects are committed whole. Throws AppError for what the user can mend.
 */
export async function replay(
  options: ReplayOptions,
  events: ReplayEvents,
  threads: Threads = startThreads(options.workers),
): Promise<ReplayResult> {
  expectTransfers();
  threads.hold();
  const isNewFile = !existsSync(options.db);
  const evidence = await startSession(threads);
  const readers = createReaderPool(threads.readers);
  let retries = 0;
  const sourceEvents = { note: events.note, retry: () => void retries++ };
  try {
    // Plan, and open the evidence file.
    const { plan, opening } = await planAndOpen(evidence, options, sourceEvents);
    const startReading = (known: Parameters<typeof pendingObjects>[1]): readonly SourceObject[] => {
      const pending = pendingObjects(plan.objects, known, sourceEvents);
      readers.start(pending, { fields: options.fields ?? null, aws: options.aws });
      return pending;
    };
    // If the file is yet to be made, every object is new, and reading begins at once. A pipe is not opened yet: a run that
    // is refused could not end while the pipe is silent.
    const isEarly = isNewFile && !plan.objects.some((object) => kindOfObject(object).opensLate);
    const early = isEarly ? startReading(NOTHING_KNOWN) : null;

    // Read the model.
    const notes =
      options.model === null ? [] : await evidence.readModel(options.model, evidenceFiles.recognises(options.model));
    for (const note of notes) events.note(note);
    const state = await opening;
    const objects = early ?? startReading(state);
    if (isEarly && state.objects.length > 0) throw madeMeanwhile(options.db);
    // Rules that judged nothing must not take the place of those that judged what is stored.
    const keepModel = objects.length === 0 && state.objects.length > 0;
    const policy = await evidence.begin({ keepFlows: options.keepFlows, keepModel });

    // Read, judge and store.
    readers.judgeBy(policy);
    const started = evidence.startRun(describeRun(options));
    const evaluation = createEvaluation(policy, state, options.tcpIdle);
    const { uncommitted, ...totals } = await judgeAndStore(readers.events(evaluation.names, sourceEvents), objects, {
      evidence,
      state,
      evaluation,
      started,
      events,
      signal: options.signal,
      pace: options.pace,
    });

    // Finish.
    const { evicted } = evaluation.evaluator;
    await evidence.finishRun(uncommitted, { state: totals.interrupted ? "interrupted" : "complete", retries, evicted });
    const skipped = plan.ingested + plan.objects.length - objects.length;
    const result = { ...totals, skipped, retries, evicted };
    if (options.model !== null) {
      const { db, model } = options;
      const known = namesWithout(plan.objects, objects);
      const planned = skipped + objects.length;
      const judged = { db, model, state, known, fresh: objects.length, planned };
      // A follower reads parts as they come: that they are late is no news.
      const first = options.objects === undefined ? (totals.times?.first ?? null) : null;
      const said = [
        await otherModelNote(evidence.query, judged),
        await lateObjectsNote(evidence.query, state, first, db),
        await unmodelledNote(result, () => evidence.whyUnmodelled()),
        misplacedNote(result),
      ];
      for (const note of said) if (note !== null) events.note(note);
    }
    await events.finished?.(result, { run: evidence.query });
    return result;
  } finally {
    try {
      await evidence.close();
    } finally {
      readers.stop();
      threads.release();
    }
  }
}

/** The evidence file's session: on the writer's thread, or on this one, which then loads DuckDB. */
async function startSession({ writer, lost }: Threads): Promise<EvidenceSession> {
  if (writer === null) return (await import("./replay/evidence-session.ts")).createEvidenceSession();
  const transfers: ArgumentTransfers<EvidenceSession> = {
    appendFlows: (_, { buffer, addr6 }, judgements) => [buffer, addr6.buffer, judgements.buffer] as ArrayBuffer[],
    appendFacts: factBuffers,
    appendTracker: (chunk) => [chunk.buffer as ArrayBuffer],
  };
  return callable<EvidenceSession>(writer, transfers, lost);
}

function namesWithout(objects: readonly SourceObject[], others: readonly SourceObject[]): string[] {
  const read = new Set(others.map(({ name }) => name));
  return objects.flatMap(({ name }) => (read.has(name) ? [] : [name]));
}

function madeMeanwhile(db: string): AppError {
  return new AppError("E_STORE", `${db} was made by another replay at the same moment`, {
    hint: "start again: what that one has stored is not read a second time",
  });
}

function describeRun({ sources, db, from, to, fields, keepFlows, model, toolVersion }: ReplayOptions) {
  const given = JSON.stringify({ sources, db, from, to, fields, keepFlows });
  return { startedAt: new Date(), arguments: given, model, toolVersion };
}
