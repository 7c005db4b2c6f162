import type { Worker } from "node:worker_threads";
import type { BadLine } from "../decode/decoder.ts";
import type { LookedUpBatch } from "../evaluate/lookup/policy-lookup.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import { PREFETCHED_OBJECTS } from "../source/open.ts";
import type { SourceEvents, SourceObject } from "../source/source.ts";
import { kindOfObject } from "../source/table.ts";
import { callable, type Remote, serve } from "./calls.ts";
import {
  createObjectReader,
  type ObjectReader,
  type ObjectTotals,
  type ReaderMessage,
  type ReaderSetup,
  type ReadSink,
} from "./object-reader.ts";
import { createTranslator, type SentBatch, type SharedNames } from "./sent-batches.ts";

/** What comes out of the readers, object after object in the planned order. */
export type ReadEvent =
  | {
      readonly kind: "batch";
      readonly object: SourceObject;
      readonly read: LookedUpBatch;
      /** Gives the buffers of the batch and of its lookups back to their reader, which may then send another. */
      release(batch: ArrayBuffer, lookups: ArrayBuffer): void;
    }
  | { readonly kind: "bad"; readonly object: SourceObject; readonly lines: readonly BadLine[] }
  | { readonly kind: "end"; readonly object: SourceObject; readonly totals: ObjectTotals };

/** Reads objects, once. */
export interface ReaderPool {
  /** Begins to read: what needs no policy is done at once, as far as memory allows. */
  start(objects: readonly SourceObject[], setup: ReaderSetup): void;
  /** What the records are looked up in: what was read before waits for it. */
  judgeBy(policy: CompiledPolicy): void;
  /** What the started objects hold; `names` knows the policy's interfaces, and no others yet. */
  events(names: SharedNames, events: SourceEvents): AsyncGenerator<ReadEvent>;
  /** Ends the reading, wherever it is. */
  stop(): void;
}

/** Readers in these threads; without any the reading is done beside the consumer. */
export function createReaderPool(threads: readonly Worker[]): ReaderPool {
  let readers: readonly PooledReader[] = [];
  let queue: Assignment[] = [];
  const stop = (): void => readers.forEach(({ reader }) => reader.stop().catch(() => {}));
  return {
    start(objects, setup) {
      const used = threads.length === 0 ? [null] : threads.slice(0, Math.max(1, objects.length));
      readers = used.map(createPooledReader);
      queue = assignObjects(objects, readers, setup);
    },
    // A reader that has ended fails with its objects.
    judgeBy: (policy) => readers.forEach(({ reader }) => reader.judgeBy(policy).catch(() => {})),
    async *events(names, events) {
      try {
        yield* inPlannedOrder(readers, queue, names, events);
      } finally {
        stop();
      }
    },
    stop,
  };
}

type InboxEntry =
  | ReaderMessage
  | { readonly kind: "batch"; readonly sent: SentBatch; release(batch: ArrayBuffer, lookups: ArrayBuffer): void }
  | { readonly kind: "failure"; readonly error: unknown };

interface PooledReader {
  readonly reader: Remote<ObjectReader>;
  /** What waits to be consumed; `end` or `failure` closes an object. */
  readonly inbox: InboxEntry[];
  deliver(entry: InboxEntry): void;
  wake: (() => void) | null;
  /** Called when an object has been read to its end, before its messages are consumed. */
  idle: () => void;
}

function createPooledReader(thread: Worker | null): PooledReader {
  const deliver = (entry: InboxEntry): void => {
    pooled.inbox.push(entry);
    if (entry.kind === "end") pooled.idle();
    pooled.wake?.();
  };
  const sink: ReadSink = {
    batch: (sent) =>
      new Promise((resolve) => {
        deliver({ kind: "batch", sent, release: (batch, lookups) => resolve({ batch, lookups }) });
      }),
    tell: async (message) => deliver(message),
  };
  if (thread !== null) serve(thread, sink, { batch: ({ batch, lookups }) => [batch, lookups] });
  const reader = thread === null ? createObjectReader(sink) : callable<ObjectReader>(thread);
  const pooled: PooledReader = { reader, inbox: [], deliver, wake: null, idle: () => undefined };
  return pooled;
}

/** An object, and who reads it. */
interface Assignment {
  readonly object: SourceObject;
  readonly by: PooledReader;
}

const OBJECTS_AHEAD = 1;

/** Gives each reader an object, and the next one when it is idle; the queue grows by what was given, in order. */
function assignObjects(
  objects: readonly SourceObject[],
  readers: readonly PooledReader[],
  setup: ReaderSetup,
): Assignment[] {
  let next = 0;
  const queue: Assignment[] = [];
  const assign = (by: PooledReader): void => {
    if (next === objects.length) return;
    const object = objects[next++];
    queue.push({ object, by });
    by.reader.read(object, setup).catch((error: unknown) => by.deliver({ kind: "failure", error }));
  };
  for (const reader of readers) reader.idle = () => assign(reader);
  // One more than it reads: a consumer at work hears late that a reader is idle. Downloads are worth more in advance.
  const rounds = 1 + (objects.some((object) => kindOfObject(object).prefetches) ? PREFETCHED_OBJECTS : OBJECTS_AHEAD);
  for (let round = 0; round < rounds; round++) readers.forEach(assign);
  return queue;
}

/**
 * Yields what several readers read as if one had read it in order. An object that is ahead of its turn waits in its
 * reader's inbox, whose length the readers bound themselves (`MOST_BATCHES_OUT`).
 */
async function* inPlannedOrder(
  readers: readonly PooledReader[],
  queue: Assignment[],
  names: SharedNames,
  events: SourceEvents,
): AsyncGenerator<ReadEvent> {
  const preset = names.interfaces.size;
  const translators = new Map(readers.map((reader) => [reader, createTranslator(names, preset)]));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { object, by } = next;
    const translate = translators.get(by)!;
    for (;;) {
      const entry = by.inbox.shift();
      if (entry === undefined) {
        await new Promise<void>((resolve) => (by.wake = resolve));
        by.wake = null;
      } else if (entry.kind === "batch") {
        yield { kind: "batch", object, read: translate(entry.sent), release: entry.release };
      } else if (entry.kind === "bad") yield { kind: "bad", object, lines: entry.lines };
      else if (entry.kind === "note") events.note(entry.text);
      else if (entry.kind === "retry") events.retry(entry.what);
      else if (entry.kind === "failure") throw entry.error;
      else {
        const { kind, ...totals } = entry;
        yield { kind, object, totals };
        break;
      }
    }
  }
}
