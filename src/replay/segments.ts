import { packedCopy } from "../decode/flow-batch.ts";
import type { Evaluator } from "../evaluate/evaluator.ts";
import type { SourceObject } from "../source/source.ts";
import type { Changes, EvidenceWriter } from "../store/evidence-writer.ts";
import { factColumns } from "../store/fact-columns.ts";
import type { FinishedObject } from "../store/run-rows.ts";
import { createOverlap } from "./deduplicate.ts";
import { BATCHES_UNDER_WAY } from "./object-reader.ts";
import type { SharedNames } from "./reader-messages.ts";
import type { Piece } from "./reader-pool.ts";

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
const HELD_BATCHES = BATCHES_UNDER_WAY - 8;
/** Judged segments that may wait for the writer. */
const SEGMENTS_AHEAD = 2;
/** Rows of sums that are kept in memory, so that segments add to the same ones. */
const FACT_ROWS = 1 << 17;

type Batch = Extract<Piece, { kind: "batch" }>;

export interface Progress {
  readonly objects: number;
  readonly objectsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly records: number;
}

export interface SegmentContext {
  readonly writer: EvidenceWriter;
  readonly evaluator: Evaluator;
  readonly names: SharedNames;
  readonly events: { note(text: string): void; progress(done: Progress): void };
  readonly signal?: AbortSignal;
  readonly pace?: Pace;
  /** The beginning of the run in the evidence file: on its way to the writer, before all else. */
  readonly started: Promise<void>;
}

export interface Stored {
  readonly objects: number;
  readonly records: number;
  readonly badLines: number;
  /** Records that another flow log had delivered already: counted, not stored again. */
  readonly duplicates: number;
  readonly interrupted: boolean;
  /** Unix seconds from the earliest start to the latest end of a record; null without any that have times. */
  readonly times: { readonly first: number; readonly last: number } | null;
  /** Records of each judgement. */
  readonly byJudgement: ReadonlyMap<number, number>;
  /** What the end of the run has to commit. */
  readonly uncommitted: readonly FinishedObject[];
}

/**
 * Cuts what the readers yield into segments, judges each and hands it to the writer, which stores one while the next is
 * being judged; commits whenever enough has come in and no object is half done. The last commit is left to the end of
 * the run.
 */
export async function judgeAndStore(
  pieces: AsyncGenerator<Piece>,
  objects: readonly SourceObject[],
  { writer, evaluator, names, events, signal, started, pace = PACE }: SegmentContext,
): Promise<Stored> {
  const { segmentRows: fullSegment, commitRows } = pace;
  // From here on a segment ends with the object: only between objects can work be committed.
  const enoughRows = fullSegment / 2;
  const byJudgement = new Map<number, number>();
  const changes = createChangeLog(evaluator, names, writer.interfaceIds.length);
  const bytesTotal = objects.reduce((sum, object) => sum + (object.size ?? 0), 0);
  const underWay: Promise<unknown>[] = [settled(started)];
  const stored = async (): Promise<void> => {
    while (underWay.length > 0) await underWay.shift();
  };
  const overlap = createOverlap(objects, { writer, evaluator, names, events, stored, hotRows: fullSegment * 4 });
  let segment: (Batch & { objectId: number })[] = [];
  let segmentRows = 0;
  let rowsSinceCommit = 0;
  let finished: FinishedObject[] = [];
  let objectId = writer.nextObjectId;
  let [done, bytes, records, badLines, duplicates, duplicatesOfObject] = [0, 0, 0, 0, 0, 0];

  const store = async ({ read, objectId: id, release }: (typeof segment)[number]): Promise<void> => {
    const used = await writer.appendFlows(id, read.batch, read.lookups);
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
    underWay.push(settled(writer.appendFacts(factColumns(evaluator))));
    const { activity } = evaluator;
    for (let slot = 0; slot < activity.rows; slot++) {
      const judgement = activity.judgement[slot];
      byJudgement.set(judgement, (byJudgement.get(judgement) ?? 0) + activity.records[slot]);
    }
    evaluator.clearFacts();
  };
  const prepareCommit = async (): Promise<void> => {
    appendFacts();
    underWay.push(settled(writer.prepare(changes.take())));
    // While the writer is at these, the memory of connections is packed here.
    const { entries, ...frame } = evaluator.exportState();
    underWay.push(settled(writer.replaceTracker(frame)));
    for (const chunk of entries) underWay.push(settled(writer.appendTracker(chunk)));
    await stored();
  };

  let interrupted = false;
  let times = null as Stored["times"];
  for await (const piece of pieces) {
    if (piece.kind === "batch") {
      duplicatesOfObject += (await overlap?.filter(piece.read, piece.object.name)) ?? 0;
      const kept = segment.length < HELD_BATCHES ? piece : unbound(piece);
      const { rows } = kept.read.batch;
      if (rows > 0) {
        segment.push({ ...kept, objectId });
        evaluator.observe(kept.read);
      } else piece.release(piece.read.batch.buffer, piece.read.lookups.buffer as ArrayBuffer);
      segmentRows += rows;
      records += rows;
      if (segmentRows >= fullSegment) await closeSegment();
    } else if (piece.kind === "bad") underWay.push(settled(writer.appendBadLines(objectId, piece.lines)));
    else {
      const { name, etag, size, time } = piece.object;
      finished.push({ objectId: objectId++, name, etag, size, time, duplicates: duplicatesOfObject, ...piece.counts });
      duplicates += duplicatesOfObject;
      duplicatesOfObject = 0;
      badLines += piece.counts.badLines;
      const { firstTime, lastTime } = piece.counts;
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
        await writer.commit(finished);
        finished = [];
        rowsSinceCommit = 0;
      }
    }
    events.progress({ objects: done, objectsTotal: objects.length, bytes, bytesTotal, records });
  }
  await closeSegment();
  await prepareCommit();
  return { objects: done, records, badLines, duplicates, interrupted, times, byJudgement, uncommitted: finished };
}

/** The piece in memory of its own; the buffers of its batch go back at once. */
function unbound(piece: Batch): Batch {
  const { batch, lookups } = piece.read;
  if (batch.rows === 0) return piece;
  const read = { batch: packedCopy(batch), lookups: lookups.slice(0, batch.rows) };
  piece.release(batch.buffer, lookups.buffer as ArrayBuffer);
  return { ...piece, read, release: () => undefined };
}

/** A failure is reported by whoever awaits; until then it is not an unhandled one. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** What became known since it was asked last. */
function createChangeLog(evaluator: Evaluator, names: SharedNames, knownInterfaces: number): { take(): Changes } {
  const taken = { judgements: 0, ruleSets: 0, interfaces: knownInterfaces };
  return {
    take() {
      const changes = {
        judgements: evaluator.judgements.slice(taken.judgements),
        ruleSets: evaluator.ruleSets.slice(taken.ruleSets),
        interfaces: names.interfaces.strings.slice(taken.interfaces),
        accounts: names.accounts.strings,
      };
      taken.judgements = evaluator.judgements.length;
      taken.ruleSets = evaluator.ruleSets.length;
      taken.interfaces = names.interfaces.size;
      return changes;
    },
  };
}
