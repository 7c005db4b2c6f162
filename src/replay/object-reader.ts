import pLimit from "p-limit";
import { ByteDictionary } from "../decode/dense/dictionary.ts";
import { FurtherSets } from "../decode/dense/further-sets.ts";
import type { BadLine } from "../decode/decoder.ts";
import { FlowBatch, HAS_TIMES } from "../decode/flow-batch.ts";
import { decodeObject } from "../decode/object.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import { openAhead } from "../source/open.ts";
import type { AwsOptions, SourceObject } from "../source/source.ts";
import { kindOfObject } from "../source/table.ts";
import { createBatchPacker, type ReturnedBuffers, type SentBatch } from "./sent-batches.ts";

/** Batches that may be out from one reader. Enough for a whole object, so that the next one can be read meanwhile. */
export const MOST_BATCHES_OUT = 128;

/** Reads objects one after the other: bytes, records, lookups in the policy. In a thread of its own or beside the consumer. */
export interface ObjectReader {
  /** Waits for the objects that were asked for before; a download starts at once. Fails when the object cannot be read. */
  read(object: SourceObject, setup: ReaderSetup): Promise<void>;
  /** What the records are looked up in, once: what was decoded before waits for it. */
  judgeBy(policy: CompiledPolicy): Promise<void>;
  /** Ends the reading, wherever it is. */
  stop(): Promise<void>;
}

export interface ReaderSetup {
  /** Field list of headerless text, in record order; null: the default format. */
  readonly fields: readonly string[] | null;
  readonly aws: AwsOptions;
}

/** Takes what a reader has read, in the order of the object's lines. */
export interface ReadSink {
  /** Returns the buffers when the consumer is done with them: a permission to send another batch. */
  batch(batch: SentBatch): Promise<ReturnedBuffers>;
  tell(message: ReaderMessage): Promise<void>;
}

export type ReaderMessage =
  | { readonly kind: "bad"; readonly lines: readonly BadLine[] }
  | ({ readonly kind: "end" } & ObjectTotals)
  | { readonly kind: "retry"; readonly what: string }
  | { readonly kind: "note"; readonly text: string };

/** What is known of an object that has been read to its end. */
export interface ObjectTotals {
  readonly records: number;
  readonly badLines: number;
  /** Records that an earlier replay left out as duplicates; they are in `records`, and in no batch. */
  readonly duplicates: number;
  /** Unix seconds; null without records that have times. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

/** Bad lines that are sent together. */
const BAD_LINES = 1000;

export function createObjectReader(sink: ReadSink): ObjectReader {
  const names = { interfaces: new ByteDictionary(), accounts: new ByteDictionary(), further: new FurtherSets() };
  const spareBatches: ArrayBuffer[] = [];
  const spareLookups: ArrayBuffer[] = [];
  const abort = new AbortController();
  const oneAtATime = pLimit(1);
  let pack: ((batch: FlowBatch) => SentBatch) | null = null;
  /** What has been decoded while the policy was not known. */
  let waiting: (() => void)[] = [];
  let saidOverflow = false;
  let batchesOut = 0;
  let wake: (() => void) | null = null;

  const events = {
    note: (text: string): void => void sink.tell({ kind: "note", text }),
    retry: (what: string): void => void sink.tell({ kind: "retry", what }),
  };
  const whenJudged = (send: () => void): void => {
    if (pack === null) waiting.push(send);
    else send();
  };
  const sendBatch = async (batch: FlowBatch, span: TimeSpan): Promise<void> => {
    const sent = pack!(batch);
    widen(span, batch);
    const returned = await sink.batch(sent);
    spareBatches.push(returned.batch);
    spareLookups.push(returned.lookups);
    if (--batchesOut < MOST_BATCHES_OUT) wake?.();
  };

  async function decode(
    object: SourceObject,
    chunks: AsyncIterable<Uint8Array> | null,
    fields: readonly string[] | null,
  ): Promise<void> {
    const span = { first: 0xffffffff, last: 0 };
    let bad: BadLine[] = [];
    const sendBad = (): void => {
      const lines = bad;
      if (lines.length > 0) whenJudged(() => void sink.tell({ kind: "bad", lines }));
      bad = [];
    };
    const decoded = {
      allocate: (): FlowBatch => new FlowBatch(spareBatches.pop()),
      batch(batch: FlowBatch): void {
        batchesOut++;
        whenJudged(() => void sendBatch(batch, span));
      },
      badLine(line: BadLine): void {
        if (bad.push(line) >= BAD_LINES) sendBad();
      },
      note: (text: string): void => events.note(`${object.name}: ${text}`),
      /** Waits until the consumer has taken enough. */
      async ready(): Promise<void> {
        abort.signal.throwIfAborted();
        if (batchesOut >= MOST_BATCHES_OUT) await new Promise<void>((resolve) => (wake = resolve));
      },
    };
    const target = { ...names, sink: decoded };
    const totals =
      chunks === null
        ? await kindOfObject(object).readRecords!(object, target, { signal: abort.signal })
        : {
            ...(await decodeObject(chunks, { ...target, fields: fields ?? object.fields?.split(" ") })),
            duplicates: 0,
          };
    sendBad();
    if (names.further.overflowed && !saidOverflow) {
      saidOverflow = true;
      events.note(
        `from ${object.name} on: too many different values of fields such as vpc-id or ecs-task-id; some records are stored without these fields`,
      );
    }
    whenJudged(() => {
      const [firstTime, lastTime] = span.first <= span.last ? [span.first, span.last] : [null, null];
      void sink.tell({ kind: "end", ...totals, firstTime, lastTime });
    });
  }

  return {
    async judgeBy(policy) {
      pack = createBatchPacker(policy, names, spareLookups);
      for (const send of waiting) send();
      waiting = [];
    },
    read(object, { fields, aws }) {
      const hasBytes = kindOfObject(object).readRecords === undefined;
      const chunks = hasBytes ? openAhead(object, { aws, events, signal: abort.signal }) : null;
      return oneAtATime(() => decode(object, chunks, fields));
    },
    stop: async () => abort.abort(),
  };
}

/** Unix seconds from the earliest start to the latest end of the records that have times. */
interface TimeSpan {
  first: number;
  last: number;
}

function widen(span: TimeSpan, { rows, bits, start, end }: FlowBatch): void {
  let { first, last } = span;
  for (let row = 0; row < rows; row++) {
    if ((bits[row] & HAS_TIMES) === 0) continue;
    if (start[row] < first) first = start[row];
    if (end[row] > last) last = end[row];
  }
  span.first = first;
  span.last = last;
}
