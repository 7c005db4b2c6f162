import type { Worker } from "node:worker_threads";
import type { BadLine } from "../decode/decoder.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type { LookedUpBatch } from "../evaluate/lookup/policy-lookup.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import { PREFETCHED_OBJECTS } from "../source/open.ts";
import type { SourceEvents, SourceObject } from "../source/source.ts";
import { kindOfObject } from "../source/table.ts";
import { createObjectReader } from "./object-reader.ts";
import {
  createTranslator,
  type EndMessage,
  type FailureMessage,
  type ReaderMessage,
  type ReaderRequest,
  type ReaderSetup,
  type SharedNames,
} from "./reader-messages.ts";

/** What comes out of the readers, object after object in the planned order. */
export type Piece =
  | {
      readonly kind: "batch";
      readonly object: SourceObject;
      readonly read: LookedUpBatch;
      /** Gives the buffers of the batch and of its lookups back to their reader, which may then send another. */
      release(batch: ArrayBuffer, lookups: ArrayBuffer): void;
    }
  | { readonly kind: "bad"; readonly object: SourceObject; readonly lines: readonly BadLine[] }
  | { readonly kind: "end"; readonly object: SourceObject; readonly counts: EndMessage };

/** Reads objects, once. */
export interface ReaderPool {
  /** Begins to read: what needs no policy is done at once, as far as memory is to be given to it. */
  start(objects: readonly SourceObject[], setup: ReaderSetup): void;
  /** What the records are to be read by: what was read before waits for it. */
  judgeBy(policy: CompiledPolicy): void;
  /** The pieces of what was started; `names` knows the policy's interfaces, and no others yet. */
  pieces(names: SharedNames, events: SourceEvents): AsyncGenerator<Piece>;
  /** Ends the reading, wherever it is. */
  stop(): void;
}

/** Readers in these threads; without any the reading is done beside the consumer. */
export function createReaderPool(threads: readonly Worker[]): ReaderPool {
  let readers: readonly Reader[] = [];
  let queue: Turn[] = [];
  const stop = (): void => readers.forEach((reader) => reader.stop());
  return {
    start(objects, setup) {
      readers =
        threads.length === 0
          ? [inlineReader(setup)]
          : threads.slice(0, Math.max(1, objects.length)).map((thread) => threadReader(thread, setup));
      queue = giveOut(objects, readers);
    },
    judgeBy: (policy) => readers.forEach((reader) => reader.post({ kind: "policy", policy })),
    async *pieces(names, events) {
      try {
        yield* inOrder(readers, queue, names, events);
      } finally {
        stop();
      }
    },
    stop,
  };
}

interface Reader {
  post(request: ReaderRequest): void;
  /** Messages waiting to be consumed; `end` or `failure` closes those of an object. */
  readonly inbox: ReaderMessage[];
  wake: (() => void) | null;
  /** Called when an object has been read to its end, before its messages are consumed. */
  idle: () => void;
  stop(): void;
}

/** An object, and who reads it. */
interface Turn {
  readonly object: SourceObject;
  readonly reader: Reader;
}

const OBJECTS_AHEAD = 1;

/** Gives each reader an object, and the next one when it is idle; the queue grows by what was given, in order. */
function giveOut(objects: readonly SourceObject[], readers: readonly Reader[]): Turn[] {
  let next = 0;
  const queue: Turn[] = [];
  const give = (reader: Reader): void => {
    if (next === objects.length) return;
    const object = objects[next++];
    queue.push({ object, reader });
    reader.post({ kind: "read", object });
  };
  for (const reader of readers) reader.idle = () => give(reader);
  // One more than it reads: a consumer at work hears late that a reader is idle. Downloads are worth more in advance.
  const rounds = 1 + (objects.some((object) => kindOfObject(object).prefetches) ? PREFETCHED_OBJECTS : OBJECTS_AHEAD);
  for (let round = 0; round < rounds; round++) readers.forEach(give);
  return queue;
}

/**
 * Yields the pieces of several readers as if one had read them in order: an object that is ahead of its turn waits in its
 * reader's inbox, whose length the readers bound themselves (`BATCHES_UNDER_WAY`).
 */
async function* inOrder(
  readers: readonly Reader[],
  queue: Turn[],
  names: SharedNames,
  events: SourceEvents,
): AsyncGenerator<Piece> {
  const preset = names.interfaces.size;
  const translators = new Map(readers.map((reader) => [reader, createTranslator(names, preset)]));
  for (let turn = queue.shift(); turn !== undefined; turn = queue.shift()) {
    const { object, reader } = turn;
    const translator = translators.get(reader)!;
    for (;;) {
      const message = reader.inbox.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => (reader.wake = resolve));
        reader.wake = null;
      } else if (message.kind === "batch") {
        const read = translator.translate(message);
        const release = (batch: ArrayBuffer, lookups: ArrayBuffer): void =>
          reader.post({ kind: "return", buffers: [batch], lookups: [lookups] });
        yield { kind: "batch", object, read, release };
      } else if (message.kind === "bad") yield { kind: "bad", object, lines: message.lines };
      else if (message.kind === "note") events.note(message.text);
      else if (message.kind === "retry") events.retry(message.what);
      else if (message.kind === "failure") throw revive(message);
      else {
        yield { kind: "end", object, counts: message };
        break;
      }
    }
  }
}

function revive({ error }: FailureMessage): Error {
  if (error.code !== null)
    return new AppError(error.code as ErrorCode, error.message, { hint: error.hint ?? undefined });
  const revived = new Error(error.message);
  revived.stack = error.stack ?? revived.stack;
  return revived;
}

function threadReader(worker: Worker, setup: ReaderSetup): Reader {
  const reader = emptyReader();
  const receive = (message: ReaderMessage): void => deliver(reader, message);
  worker.on("message", receive);
  worker.on("error", (error) => {
    receive({ kind: "failure", error: { code: null, message: error.message, hint: null, stack: error.stack ?? null } });
  });
  worker.postMessage({ kind: "setup", setup } satisfies ReaderRequest);
  return Object.assign(reader, {
    post(request: ReaderRequest) {
      worker.postMessage(request, request.kind === "return" ? [...request.buffers, ...request.lookups] : []);
    },
    stop: () => worker.postMessage({ kind: "stop" } satisfies ReaderRequest),
  });
}

function inlineReader(setup: ReaderSetup): Reader {
  const reader = emptyReader();
  const abort = new AbortController();
  const receive = (message: ReaderMessage): void => deliver(reader, message);
  const own = createObjectReader(setup, receive);
  return Object.assign(reader, {
    post(request: ReaderRequest) {
      if (request.kind === "policy") own.judgeBy(request.policy);
      else if (request.kind === "return") own.release(request.buffers, request.lookups);
      else if (request.kind === "read") {
        own.read(request.object, abort.signal).catch((error: unknown) => {
          const code = error instanceof AppError ? error.code : null;
          const hint = error instanceof AppError ? (error.hint ?? null) : null;
          const { message, stack } = error instanceof Error ? error : new Error(String(error));
          receive({ kind: "failure", error: { code, message, hint, stack: stack ?? null } });
        });
      }
    },
    stop: () => abort.abort(),
  });
}

function deliver(reader: Reader, message: ReaderMessage): void {
  reader.inbox.push(message);
  if (message.kind === "end") reader.idle();
  reader.wake?.();
}

function emptyReader(): Reader {
  return {
    post: () => undefined,
    inbox: [],
    wake: null,
    idle: () => undefined,
    stop: () => undefined,
  };
}
