import { existsSync } from "node:fs";
import { ByteDictionary } from "./decode/dense/dictionary.ts";
import { AppError } from "./errors.ts";
import { createEvaluator, type Evaluator } from "./evaluate/evaluator.ts";
import { createInitiatorRules } from "./evaluate/judge/initiator.ts";
import { createLookupTable } from "./evaluate/lookup/policy-lookup.ts";
import { DEFAULT_TIMEOUTS, LONG_TCP_TIMEOUT } from "./evaluate/conntrack/timeouts.ts";
import { createReaderPool, type ReaderPool } from "./replay/reader-pool.ts";
import { expectTransfers, startThreads, type Threads } from "./replay/threads.ts";
import type { SharedNames } from "./replay/reader-messages.ts";
import { judgeAndStore, type Pace, type Progress } from "./replay/segments.ts";
import { planSources } from "./source/plan.ts";
import { type AwsOptions, type SourceEvents, type SourceObject, type SourcePlan } from "./source/source.ts";
import { kindOfObject } from "./source/table.ts";
import type { BegunEvidence, ModelledEvidence, OpenEvidenceFile } from "./replay/evidence-file.ts";
import type { EvidenceWriter } from "./store/evidence-writer.ts";
import type { EvidenceQuery } from "./store/evidence-query.ts";
import { evidenceOnThisThread, evidenceOnThread } from "./replay/threaded-writer.ts";
import { type KnownObjects, NOTHING_KNOWN, unreadObjects } from "./replay/pending-objects.ts";

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
  /** Tests judge and commit little at a time. */
  readonly pace?: Pace;
}

export interface ReplayEvents {
  note(text: string): void;
  progress(done: Progress): void;
  /** All is stored, and the evidence file still open: what is asked of it now needs no second opening. */
  finished?(result: ReplayResult, evidence: Pick<EvidenceQuery, "run">): Promise<void>;
}

export interface ReplayResult {
  readonly objects: number;
  /** Objects that the evidence file already held. */
  readonly skipped: number;
  readonly records: number;
  readonly badLines: number;
  /** Records that another flow log had delivered already: counted, not stored again. */
  readonly duplicates: number;
  /** Records whose interface is in the model. */
  readonly modelled: number;
  readonly retries: number;
  readonly evicted: number;
  readonly interrupted: boolean;
  /** Unix seconds from the earliest start to the latest end of what was read; null without records that have times. */
  readonly times: { readonly first: number; readonly last: number } | null;
}

/**
 * The whole job: plan the sources, open the evidence file and read the model, read what is new, judge it segment by segment,
 * store it, and commit objects whole. Throws AppError for what the user can mend.
 */
export async function replay(
  options: ReplayOptions,
  events: ReplayEvents,
  threads: Threads = startThreads(options.workers),
): Promise<ReplayResult> {
  expectTransfers();
  threads.hold();
  const readers = createReaderPool(threads.readers);
  const evidence = threads.writer === null ? evidenceOnThisThread() : evidenceOnThread(threads.writer, threads);
  try {
    return await replayWith(readers, evidence, options, events);
  } finally {
    readers.stop();
    threads.release();
  }
}

async function replayWith(
  readers: ReaderPool,
  modelled: ModelledEvidence,
  options: ReplayOptions,
  events: ReplayEvents,
): Promise<ReplayResult> {
  let retries = 0;
  const sourceEvents = { note: events.note, retry: () => void retries++ };
  const setup = { fields: options.fields ?? null, aws: options.aws };
  const isNewFile = !existsSync(options.db);
  const { plan, opening } = await planAndOpen(modelled.open, options, sourceEvents);
  const startReading = (known: KnownObjects): readonly SourceObject[] => {
    const objects = unreadObjects(plan.objects, known, sourceEvents);
    readers.start(objects, setup);
    return objects;
  };
  // For a file that is yet to be made everything is new: it is being read while the file is made, and the model read. A pipe
  // is not opened yet: a run that is refused could not end while the pipe is silent.
  const early =
    isNewFile && !plan.objects.some((object) => kindOfObject(object).waitsForInput)
      ? startReading(NOTHING_KNOWN)
      : null;
  for (const note of await readMeanwhile(options.model, modelled, opening)) events.note(note);
  const evidence = await opening;
  const { state } = evidence;
  const objects = early ?? startReading(state);
  const { policy, writer } = await begin(evidence, options, early !== null);
  try {
    readers.judgeBy(policy);
    const started = writer.startRun(describeRun(options));
    const names: SharedNames = {
      interfaces: new ByteDictionary(policy.interfaceIds),
      accounts: new ByteDictionary(),
      table: createLookupTable(),
    };
    const ports = createInitiatorRules(policy.namedPorts.tcp, policy.namedPorts.udp);
    const evaluator = createEvaluator(names.table, ports, policy.ruleIds, {
      timeouts: {
        ...DEFAULT_TIMEOUTS,
        tcpEstablished:
          options.tcpIdle ?? (policy.snapshots.length > 1 ? LONG_TCP_TIMEOUT : DEFAULT_TIMEOUTS.tcpEstablished),
        ofInterface: policy.timeouts,
      },
      state: state.tracker,
      firstJudgement: writer.nextJudgement,
      firstRuleSet: writer.nextRuleSet,
      storedRuleSets: state.ruleSets,
    });
    const pieces = readers.pieces(names, sourceEvents);
    const stored = await judgeAndStore(pieces, objects, {
      writer,
      started,
      evaluator,
      names,
      events,
      signal: options.signal,
      pace: options.pace,
    });
    const { uncommitted, byJudgement, interrupted, ...totals } = stored;
    const { evicted } = evaluator;
    await writer.finishRun(uncommitted, { state: interrupted ? "interrupted" : "complete", retries, evicted });
    const result = {
      ...totals,
      interrupted,
      skipped: plan.ingested + plan.objects.length - objects.length,
      modelled: countModelled(evaluator, byJudgement),
      retries,
      evicted,
    };
    await events.finished?.(result, { run: writer.query });
    return result;
  } finally {
    await writer.close();
  }
}

async function begin(
  evidence: OpenEvidenceFile,
  { db, keepFlows }: ReplayOptions,
  isNew: boolean,
): Promise<BegunEvidence> {
  try {
    if (isNew && evidence.state.objects.length > 0) {
      throw new AppError("E_STORE", `${db} was made by another replay at the same moment`, {
        hint: "start again: what that one has stored is not read a second time",
      });
    }
    return await evidence.begin({ keepFlows });
  } catch (error) {
    await evidence.close();
    throw error;
  }
}

/**
 * Plans, then begins to open the evidence file: a mistake in the sources makes none. If planning needs to know what was
 * ingested before, the file is opened first and stays open, so that no other replay comes in between.
 */
async function planAndOpen(
  openEvidence: (path: string) => Promise<OpenEvidenceFile>,
  { sources, objects, db, from, to, fields, aws }: ReplayOptions,
  events: SourceEvents,
): Promise<{ plan: SourcePlan; opening: Promise<OpenEvidenceFile> }> {
  if (objects !== undefined) {
    const plan = { objects, ingested: 0, bytes: 0, pruned: 0, window: { from: null, to: null } };
    return { plan, opening: openEvidence(db) };
  }
  let opening: Promise<OpenEvidenceFile> | undefined;
  const ingested = async (prefix: string): Promise<readonly string[]> => {
    opening ??= openEvidence(db);
    const { state } = await opening;
    return [...state.ledger.keys()].filter((name) => name.startsWith(prefix));
  };
  try {
    const plan = await planSources(sources, { from, to, fields: fields?.join(" "), ingested, aws, events });
    return { plan, opening: opening ?? openEvidence(db) };
  } catch (error) {
    await giveUp(opening);
    throw error;
  }
}

/** Reads the model while the evidence file is being opened; a model that cannot be read leaves no file behind. */
async function readMeanwhile(
  path: string | null,
  modelled: ModelledEvidence,
  opening: Promise<OpenEvidenceFile>,
): Promise<readonly string[]> {
  opening.catch(() => {});
  try {
    return path === null ? [] : await modelled.readModel(path);
  } catch (error) {
    await giveUp(opening);
    throw error;
  }
}

async function giveUp(opening: Promise<OpenEvidenceFile> | undefined): Promise<void> {
  const evidence = await opening?.catch(() => undefined);
  await evidence?.close();
}

function describeRun(options: ReplayOptions): Parameters<EvidenceWriter["startRun"]>[0] {
  const { sources, db, from, to, fields, keepFlows } = options;
  return {
    startedAt: new Date(),
    arguments: JSON.stringify({ sources, db, from, to, fields, keepFlows }),
    model: options.model,
    toolVersion: options.toolVersion,
  };
}

function countModelled(evaluator: Evaluator, counts: ReadonlyMap<number, number>): number {
  let modelled = 0;
  for (const [judgement, records] of counts) {
    const { agreement, logStatus } = evaluator.judgements[judgement - evaluator.firstJudgement];
    if (agreement !== "unmodelled" && logStatus === "OK") modelled += records;
  }
  return modelled;
}
