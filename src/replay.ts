import { createHash } from "node:crypto";
import { ByteDictionary } from "./decode/dictionary.ts";
import { BATCH_ROWS } from "./decode/flow-batch.ts";
import { createDuplicateFilter } from "./evaluate/duplicates.ts";
import {
  createEvaluator,
  DEFAULT_TIMEOUTS,
  LONG_TCP_TIMEOUT,
  type Evaluator,
  type ReadBatch,
} from "./evaluate/evaluator.ts";
import { createInitiatorRules } from "./evaluate/initiator.ts";
import { createReadingTable } from "./evaluate/reading.ts";
import { compileModel } from "./policy/compile/compile.ts";
import { loadModel } from "./policy/load.ts";
import type { Model } from "./policy/model.ts";
import { type Piece, type ReaderPool, startReaders } from "./pool/pool.ts";
import type { SharedNames } from "./pool/translate.ts";
import { planSources } from "./source/plan.ts";
import type { AwsOptions, SourceEvents, SourceObject, SourcePlan } from "./source/source.ts";
import {
  openEvidenceWriter,
  openForWriting,
  readStoredState,
  type EvidenceWriter,
  type FinishedObject,
  type LedgerEntry,
  type StoredState,
} from "./store/evidence-writer.ts";

/** Records that are judged together. The result does not depend on how they are cut into batches or objects. */
const SEGMENT_ROWS = 262_144;
/** From here on a segment ends with the object: only between objects can work be committed. */
const ENOUGH_ROWS = SEGMENT_ROWS / 2;
/** Records after which finished objects are committed. */
const COMMIT_ROWS = 5_000_000;

export interface ReplayOptions {
  readonly sources: readonly string[];
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
}

export interface ReplayEvents {
  note(text: string): void;
  progress(done: Progress): void;
}

export interface Progress {
  readonly objects: number;
  readonly objectsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly records: number;
}

export interface ReplayResult {
  readonly objects: number;
  /** Objects that the evidence file already held. */
  readonly skipped: number;
  readonly records: number;
  readonly badLines: number;
  /** Records whose interface is in the model. */
  readonly modelled: number;
  readonly retries: number;
  readonly evicted: number;
  readonly interrupted: boolean;
}

/**
 * The whole job: plan the sources, load and compile the model, read what is new, judge it segment by segment, store it,
 * and commit objects whole. Throws AppError for what the user can mend.
 */
export async function replay(options: ReplayOptions, events: ReplayEvents): Promise<ReplayResult> {
  const readers = startReaders(options.workers);
  try {
    return await replayWith(readers, options, events);
  } finally {
    await readers.stop();
  }
}

async function replayWith(readers: ReaderPool, options: ReplayOptions, events: ReplayEvents): Promise<ReplayResult> {
  let retries = 0;
  const sourceEvents = { note: events.note, retry: () => void retries++ };
  const model = options.model === null ? null : await loadModel(options.model);
  for (const note of model?.notes ?? []) events.note(note);
  const { plan, evidence } = await planAndOpen(options, sourceEvents);
  const { connection, close, state } = evidence;
  const policy = compileModel(model ?? EMPTY_MODEL, state.interfaceIds, state.ruleIds);
  const writer = await openEvidenceWriter(connection, close, state, { model, policy, keepFlows: options.keepFlows });
  try {
    const objects = plan.objects.filter((object) => isNew(object, writer.ledger.get(object.name), events));
    await writer.startRun(describeRun(options, model));
    const names: SharedNames = {
      interfaces: new ByteDictionary(policy.interfaceIds),
      accounts: new ByteDictionary(),
      table: createReadingTable(),
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
    });
    const setup = { policy, fields: options.fields ?? null, aws: options.aws };
    const pieces = readers.readInOrder(objects, { setup, names, events: sourceEvents });
    const stored = await storePieces(pieces, objects, writer, evaluator, names, options, events);
    await writer.finishRun(stored.interrupted ? "interrupted" : "complete", { retries, evicted: evaluator.evicted });
    return {
      ...stored,
      skipped: plan.known + plan.objects.length - objects.length,
      modelled: countModelled(evaluator, stored.byJudgement),
      retries,
      evicted: evaluator.evicted,
    };
  } finally {
    await writer.close();
  }
}

type Evidence = Awaited<ReturnType<typeof openForWriting>> & { readonly state: StoredState };

/**
 * Plans, then opens the evidence file: a mistake in the sources makes none. Only a log group has to know what was
 * ingested before, and then the file stays open, so that no other replay can come in between.
 */
async function planAndOpen(
  { sources, db, from, to, fields, aws }: ReplayOptions,
  events: SourceEvents,
): Promise<{ plan: SourcePlan; evidence: Evidence }> {
  let evidence: Evidence | undefined;
  const open = async (): Promise<Evidence> => {
    const opened = await openForWriting(db);
    return { ...opened, state: await readStoredState(opened.connection) };
  };
  const ingested = async (prefix: string): Promise<readonly string[]> => {
    evidence ??= await open();
    return [...evidence.state.ledger.keys()].filter((name) => name.startsWith(prefix));
  };
  try {
    const plan = await planSources(sources, { from, to, fields: fields?.join(" "), ingested, aws, events });
    return { plan, evidence: evidence ?? (await open()) };
  } catch (error) {
    evidence?.close();
    throw error;
  }
}

const EMPTY_MODEL: Model = { snapshots: [], notes: [] };

interface Stored {
  readonly objects: number;
  readonly records: number;
  readonly badLines: number;
  readonly interrupted: boolean;
  readonly byJudgement: ReadonlyMap<number, number>;
}

/** Judges and stores what the readers yield; commits whenever enough has come in and no object is half done. */
async function storePieces(
  pieces: AsyncGenerator<Piece>,
  objects: readonly SourceObject[],
  writer: EvidenceWriter,
  evaluator: Evaluator,
  names: SharedNames,
  options: ReplayOptions,
  events: ReplayEvents,
): Promise<Stored> {
  const segment: { read: ReadBatch; objectId: number; release(): void }[] = [];
  const byJudgement = new Map<number, number>();
  // Reused from segment to segment: the judgement of each row.
  const out: Uint32Array[] = [];
  const bytesTotal = objects.reduce((sum, object) => sum + (object.size ?? 0), 0);
  let segmentRows = 0;
  let rowsSinceCommit = 0;
  let finished: FinishedObject[] = [];
  let objectId = writer.nextObjectId;
  let [done, bytes, records, badLines] = [0, 0, 0, 0];

  const judgeAndStore = (): void => {
    if (segment.length === 0) return;
    while (out.length < segment.length) out.push(new Uint32Array(BATCH_ROWS));
    evaluator.judgeSegment(
      segment.map(({ read }) => read),
      out,
    );
    segment.forEach(({ read, objectId: id, release }, at) => {
      writer.appendFlows(id, read.batch, out[at]);
      release();
    });
    writer.appendFacts(evaluator);
    const { activity } = evaluator;
    for (let slot = 0; slot < activity.rows; slot++) {
      const judgement = activity.judgement[slot];
      byJudgement.set(judgement, (byJudgement.get(judgement) ?? 0) + activity.records[slot]);
    }
    rowsSinceCommit += segmentRows;
    segment.length = 0;
    segmentRows = 0;
  };
  const commit = async (): Promise<void> => {
    const { interfaces, accounts } = names;
    await writer.commit(finished, evaluator, { interfaces: interfaces.strings, accounts: accounts.strings });
    finished = [];
    rowsSinceCommit = 0;
  };

  let interrupted = false;
  const overlap = overlappingFlowLogs([...writer.ledger.keys(), ...objects.map((object) => object.name)]);
  let duplicates = 0;
  for await (const piece of pieces) {
    if (piece.kind === "batch") {
      duplicates += overlap?.filter(piece.read, piece.object.name) ?? 0;
      segment.push({ read: piece.read, objectId, release: piece.release });
      segmentRows += piece.read.batch.rows;
      records += piece.read.batch.rows;
      if (segmentRows >= SEGMENT_ROWS) judgeAndStore();
    } else if (piece.kind === "bad") await writer.appendBadLines(objectId, piece.lines);
    else {
      const { name, etag, size, time } = piece.object;
      finished.push({ objectId: objectId++, name, etag, size, time, duplicates, ...piece.counts });
      duplicates = 0;
      badLines += piece.counts.badLines;
      bytes += size ?? 0;
      done++;
      if (segmentRows >= ENOUGH_ROWS) judgeAndStore();
      interrupted = options.signal?.aborted ?? false;
      if (interrupted) judgeAndStore();
      if (segment.length === 0 && (rowsSinceCommit >= COMMIT_ROWS || interrupted)) await commit();
      if (interrupted) break;
    }
    events.progress({ objects: done, objectsTotal: objects.length, bytes, bytesTotal, records });
  }
  judgeAndStore();
  await commit();
  return { objects: done, records, badLines, interrupted, byJudgement };
}

/**
 * Two flow logs over the same interfaces deliver every record twice. Where the names of the objects tell of several flow
 * logs, what a second one delivers again is set aside and counted; null where there is nothing to recognise.
 */
function overlappingFlowLogs(names: readonly string[]): { filter(read: ReadBatch, object: string): number } | null {
  const idOf = (name: string): string => /_(fl-[0-9a-f]+)_/.exec(name)?.[1] ?? "";
  const ids = [...new Set(names.map(idOf))];
  if (ids.length < 2) return null;
  const numbers = new Map(ids.map((id, at) => [id, at]));
  const duplicates = createDuplicateFilter();
  return { filter: (read, object) => duplicates.filter(read, numbers.get(idOf(object)) ?? 0) };
}

/** Whether an object is still to be read. One that changed since is named and left alone: its records are in already. */
function isNew(object: SourceObject, known: LedgerEntry | undefined, events: ReplayEvents): boolean {
  // Standard input and pipes are new every time.
  if (known === undefined || object.etag === null) return true;
  if (known.etag !== object.etag) {
    events.note(
      `${object.name} has changed since it was ingested; its new content is not read (use a new --db to replay it)`,
    );
  }
  return false;
}

function describeRun(options: ReplayOptions, model: Model | null): Parameters<EvidenceWriter["startRun"]>[0] {
  const { sources, db, from, to, fields, keepFlows } = options;
  return {
    startedAt: new Date(),
    arguments: JSON.stringify({ sources, db, from, to, fields, keepFlows }),
    model: options.model,
    modelHash: model === null ? null : hashOf(model),
    toolVersion: options.toolVersion,
  };
}

function hashOf(model: Model): string {
  const hash = createHash("sha256");
  for (const snapshot of model.snapshots) {
    hash.update(`${snapshot.name}|${snapshot.since}|`);
    for (const part of [snapshot.securityGroups, snapshot.networkAcls, snapshot.interfaces, snapshot.subnets]) {
      hash.update(JSON.stringify([...part.values()]));
    }
  }
  return hash.digest("hex");
}

function countModelled(evaluator: Evaluator, counts: ReadonlyMap<number, number>): number {
  let modelled = 0;
  for (const [judgement, records] of counts) {
    const { agreement, logStatus } = evaluator.judgements[judgement - evaluator.firstJudgement];
    if (agreement !== "unmodelled" && logStatus === "OK") modelled += records;
  }
  return modelled;
}
