import { packedCopy } from "../decode/flow-batch.ts";
import type { Evaluator } from "../evaluate/evaluator.ts";
import type { SourceObject } from "../source/source.ts";
import type { EvidenceWriter } from "../store/evidence-writer.ts";
import { factColumns } from "../store/columns.ts";
import type { FinishedObject } from "../store/run-rows.ts";
import type { StoredState } from "../store/stored-state.ts";
import { createDeduplication } from "./deduplicate.ts";
import type { Evaluation } from "./evaluation.ts";
import { MOST_BATCHES_OUT } from "./object-reader.ts";
import type { ReadEvent } from "./reader-pool.ts";

/** How much is done at a time. The same evidence comes out whenever it is committed, but not however it is judged. */
export interface Pace {
  /** Records that are judged together. The result does not depend on how they are cut into batches or objects. */
  readonly segmentRows: number;
  /** Records after which finished objects are committed. */
  readonly commitRows: number;
}

const PACE: Pace = { segmentRows: 262_144, commitRows: 5_000_000 };
/**
 * Batches of a segment that keep their readers' buffers. A reader stops when too many of its own are out, and the segment
 * would never become full where objects are small.
 */
const HELD_BATCHES = MOST_BATCHES_OUT - 8;
/** Judged segments that may wait for the evidence. */
const SEGMENTS_AHEAD = 2;
/** Rows of sums that are kept in memory, so that segments add to the same ones. */
const FACT_ROWS = 1 << 17;

type BatchEvent = Extract<ReadEvent, { kind: "batch" }>;

export interface Progress {
  readonly objects: number;
  readonly objectsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly records: number;
}

export interface SegmentContext {
  readonly evidence: EvidenceWriter;
  /** What the evidence file held when it was opened. */
  readonly state: StoredState;
  readonly evaluation: Evaluation;
  readonly events: { note(text: string): void; progress(done: Progress): void };
  readonly signal?: AbortSignal;
  readonly pace?: Pace;
  /** The beginning of the run in the evidence file: on its way to the writer, before all else. */
  readonly started: Promise<void>;
}

/** What a replay has done. */
export interface SegmentTotals {
  readonly objects: number;
  readonly records: number;
  readonly badLines: number;
  /** Records that another flow log had delivered already: counted, not stored again. */
  readonly duplicates: number;
  readonly interrupted: boolean;
  /** Unix seconds from the earliest start to the latest end of a record; null without any that have times. */
  readonly times: { readonly first: number; readonly last: number } | null;
  /** Records whose interface is in the model, and the others that have one; NODATA and SKIPDATA are in neither. */
  readonly modelled: number;
  readonly unmodelled: number;
  /** Those of the modelled ones on neither side of which is an address of the interface. */
  readonly misplaced: number;
}

/**
 * Cuts what the readers yield into segments, judges each and hands it to the writer, which stores one while the next is
 * being judged; commits whenever enough has come in and no object is half done. The objects of the last commit are
 * returned: they are left to the end of the run.
 */
export async function judgeAndStore(
  read: AsyncGenerator<ReadEvent>,
  objects: readonly SourceObject[],
  { evidence, state, evaluation, events, signal, started, pace = PACE }: SegmentContext,
): Promise<SegmentTotals & { readonly uncommitted: readonly FinishedObject[] }> {
  const { evaluator, names } = evaluation;
  const { segmentRows: fullSegment, commitRows } = pace;
  // From here on a segment ends with the object: only between objects can work be committed.
  const enoughRows = fullSegment / 2;
  const bytesTotal = objects.reduce((sum, object) => sum + (object.size ?? 0), 0);
  const underWay: Promise<unknown>[] = [settled(started)];
  const stored = async (): Promise<void> => {
    while (underWay.length > 0) await underWay.shift();
  };
  const hotRows = fullSegment * 4;
  const deduplication = createDeduplication(objects, { evidence, state, evaluator, names, events, stored, hotRows });
  let segment: (BatchEvent & { objectId: number })[] = [];
  let segmentRows = 0;
  let rowsSinceCommit = 0;
  let finished: FinishedObject[] = [];
  let objectId = state.nextObject;
  let misplaced = 0;
  let [done, bytes, records, modelled, unmodelled, badLines, duplicates, duplicatesOfObject] = [0, 0, 0, 0, 0, 0, 0, 0];

  const store = async ({ read, objectId: id, release }: (typeof segment)[number]): Promise<void> => {
    const { rows, buffer, addr6 } = read.batch;
    const used = await evidence.appendFlows(id, { rows, buffer, addr6 }, read.lookups);
    release(used.batch, used.judgements);
  };
  const closeSegment = async (): Promise<void> => {
    if (segment.length === 0) return;
    // A row's judgement takes the place of its reading: the buffers go round, from reader to writer and back.
    const flows: Promise<void>[] = [];
    evaluator.judgeSegment(
      segment.map(({ read }) => read.lookups),
      (batch) => flows.push(store(segment[batch])),
    );
    underWay.push(settled(Promise.all(flows)));
    if (evaluator.activity.rows + evaluator.traffic.rows > FACT_ROWS) appendFacts();
    rowsSinceCommit += segmentRows;
    segment = [];
    segmentRows = 0;
    while (underWay.length > SEGMENTS_AHEAD) await underWay.shift();
  };
  const appendFacts = (): void => {
    underWay.push(settled(evidence.appendFacts(factColumns(evaluator))));
    const counts = countModelled(evaluator);
    modelled += counts.modelled;
    unmodelled += counts.unmodelled;
    misplaced += counts.misplaced;
    evaluator.clearFacts();
  };
  const prepareCommit = async (): Promise<void> => {
    appendFacts();
    underWay.push(settled(evidence.prepare(evaluation.takeChanges())));
    // While the writer is at these, the memory of connections is packed here.
    const { entries, ...frame } = evaluator.exportState();
    underWay.push(settled(evidence.replaceTracker(frame)));
    for (const chunk of entries) underWay.push(settled(evidence.appendTracker(chunk)));
    await stored();
  };

  let interrupted = false;
  let times = null as SegmentTotals["times"];
  for await (const event of read) {
    if (event.kind === "batch") {
      duplicatesOfObject += (await deduplication?.removeDuplicates(event.read, objectId)) ?? 0;
      const kept = segment.length < HELD_BATCHES ? event : copied(event);
      const { rows } = kept.read.batch;
      if (rows > 0) {
        segment.push({ ...kept, objectId });
        evaluator.observe(kept.read);
      } else event.release(event.read.batch.buffer, event.read.lookups.buffer as ArrayBuffer);
      segmentRows += rows;
      records += rows;
      if (segmentRows >= fullSegment) await closeSegment();
    } else if (event.kind === "bad") underWay.push(settled(evidence.appendBadLines(objectId, event.lines)));
    else {
      const { name, etag, size, time } = event.object;
      duplicatesOfObject += event.totals.duplicates;
      finished.push({ objectId: objectId++, name, etag, size, time, ...event.totals, duplicates: duplicatesOfObject });
      duplicates += duplicatesOfObject;
      duplicatesOfObject = 0;
      badLines += event.totals.badLines;
      const { firstTime, lastTime } = event.totals;
      if (firstTime !== null && lastTime !== null) {
        times = { first: Math.min(firstTime, times?.first ?? firstTime), last: Math.max(lastTime, times?.last ?? 0) };
      }
      bytes += size ?? 0;
      done++;
      interrupted = signal?.aborted ?? false;
      if (segmentRows >= enoughRows || interrupted) await closeSegment();
      if (interrupted) break;
      if (segment.length === 0 && rowsSinceCommit >= commitRows) {
        await prepareCommit();
        await evidence.commit(finished);
        finished = [];
        rowsSinceCommit = 0;
      }
    }
    events.progress({ objects: done, objectsTotal: objects.length, bytes, bytesTotal, records });
  }
  await closeSegment();
  await prepareCommit();
  return {
    objects: done,
    records,
    badLines,
    duplicates,
    interrupted,
    times,
    modelled,
    unmodelled,
    misplaced,
    uncommitted: finished,
  };
}

/** The batch in memory of its own; the buffers of its reader go back at once. */
function copied(event: BatchEvent): BatchEvent {
  const { batch, lookups } = event.read;
  if (batch.rows === 0) return event;
  const read = { batch: packedCopy(batch), lookups: lookups.slice(0, batch.rows) };
  event.release(batch.buffer, lookups.buffer as ArrayBuffer);
  return { ...event, read, release: () => undefined };
}

/** Records of the activity since the sums were last stored, by whether their interface is in the model. */
function countModelled({
  activity,
  judgements,
  firstJudgement,
}: Evaluator): Pick<SegmentTotals, "modelled" | "unmodelled" | "misplaced"> {
  const counts = { modelled: 0, unmodelled: 0, misplaced: 0 };
  for (let slot = 0; slot < activity.rows; slot++) {
    const { agreement, logStatus, cause } = judgements[activity.judgement[slot] - firstJudgement];
    if (logStatus === "OK") counts[agreement === "unmodelled" ? "unmodelled" : "modelled"] += activity.records[slot];
    if (cause === "address_not_on_eni") counts.misplaced += activity.records[slot];
  }
  return counts;
}

/** Whoever awaits the promise reports its failure; it must not count as unhandled until then. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
