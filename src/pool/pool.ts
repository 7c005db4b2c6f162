import { Worker } from "node:worker_threads";
import type { BadLine } from "../decode/flow-batch.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type { ReadBatch } from "../evaluate/evaluator.ts";
import { DOWNLOADS_AHEAD, isDownload } from "../source/read-ahead.ts";
import type { SourceEvents, SourceObject } from "../source/source.ts";
import type { EndMessage, FailureMessage, ReaderMessage, ReaderRequest, ReaderSetup } from "./messages.ts";
import { createObjectReader } from "./object-reader.ts";
import { createTranslator, type SharedNames, type Translator } from "./translate.ts";

/** What comes out of the readers, object after object in the planned order. */
export type Piece =
  | { readonly kind: "batch"; readonly object: SourceObject; readonly read: ReadBatch; release(): void }
  | { readonly kind: "bad"; readonly object: SourceObject; readonly lines: readonly BadLine[] }
  | { readonly kind: "end"; readonly object: SourceObject; readonly counts: EndMessage };

export interface PoolOptions {
  readonly setup: ReaderSetup;
  readonly names: SharedNames;
  /** Reader threads; 0 reads beside the consumer. */
  readonly workers: number;
  readonly events: SourceEvents;
}

interface Reader {
  readonly translator: Translator;
  post(request: ReaderRequest): void;
  /** Messages waiting to be consumed; `end` or `failure` closes those of an object. */
  readonly inbox: ReaderMessage[];
  wake: (() => void) | null;
  /** Called when an object has been read to its end, before its messages are consumed. */
  idle: () => void;
  stop(): Promise<void>;
}

/**
 * Reads objects in several threads and yields their pieces as if one reader had read them in order: an object that is
 * ahead of its turn waits in its reader's inbox, whose length the readers bound themselves (`BATCHES_UNDER_WAY`).
 */
export async function* readInOrder(objects: readonly SourceObject[], options: PoolOptions): AsyncGenerator<Piece> {
  const { setup, names, events } = options;
  const count = Math.max(1, Math.min(options.workers, objects.length));
  const readers: Reader[] = Array.from({ length: count }, () =>
    options.workers === 0 ? inlineReader(setup, names) : threadReader(setup, names),
  );
  try {
    let next = 0;
    const queue: { object: SourceObject; reader: Reader }[] = [];
    const give = (reader: Reader): void => {
      if (next === objects.length) return;
      const object = objects[next++];
      queue.push({ object, reader });
      reader.post({ kind: "read", object });
    };
    for (const reader of readers) reader.idle = () => give(reader);
    // One object a reader leaves the next one to whoever is free first; downloads are worth more in advance.
    const rounds = objects.some(isDownload) ? 1 + DOWNLOADS_AHEAD : 1;
    for (let round = 0; round < rounds; round++) readers.forEach(give);
    for (let turn = queue.shift(); turn !== undefined; turn = queue.shift()) {
      const { object, reader } = turn;
      for (;;) {
        const message = reader.inbox.shift();
        if (message === undefined) {
          await new Promise<void>((resolve) => (reader.wake = resolve));
          reader.wake = null;
        } else if (message.kind === "batch") {
          const read = reader.translator.translate(message);
          const buffers = [message.buffer];
          const readings = [message.readings.buffer as ArrayBuffer];
          yield { kind: "batch", object, read, release: () => reader.post({ kind: "return", buffers, readings }) };
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
  } finally {
    await Promise.all(readers.map((reader) => reader.stop()));
  }
}

function revive({ error }: FailureMessage): Error {
  if (error.code !== null)
    return new AppError(error.code as ErrorCode, error.message, { hint: error.hint ?? undefined });
  const revived = new Error(error.message);
  revived.stack = error.stack ?? revived.stack;
  return revived;
}

function threadReader(setup: ReaderSetup, names: SharedNames): Reader {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: setup });
  const reader = emptyReader(setup, names);
  const receive = (message: ReaderMessage): void => deliver(reader, message);
  worker.on("message", receive);
  worker.on("error", (error) => {
    receive({ kind: "failure", error: { code: null, message: error.message, hint: null, stack: error.stack ?? null } });
  });
  return Object.assign(reader, {
    post(request: ReaderRequest) {
      worker.postMessage(request, request.kind === "return" ? [...request.buffers, ...request.readings] : []);
    },
    stop: async () => void (await worker.terminate()),
  });
}

function inlineReader(setup: ReaderSetup, names: SharedNames): Reader {
  const reader = emptyReader(setup, names);
  const abort = new AbortController();
  const receive = (message: ReaderMessage): void => deliver(reader, message);
  const own = createObjectReader(setup, receive);
  return Object.assign(reader, {
    post(request: ReaderRequest) {
      if (request.kind === "return") own.release(request.buffers, request.readings);
      else if (request.kind === "read") {
        own.read(request.object, abort.signal).catch((error: unknown) => {
          const code = error instanceof AppError ? error.code : null;
          const hint = error instanceof AppError ? (error.hint ?? null) : null;
          const { message, stack } = error instanceof Error ? error : new Error(String(error));
          receive({ kind: "failure", error: { code, message, hint, stack: stack ?? null } });
        });
      }
    },
    stop: async () => abort.abort(),
  });
}

function deliver(reader: Reader, message: ReaderMessage): void {
  reader.inbox.push(message);
  if (message.kind === "end") reader.idle();
  reader.wake?.();
}

function emptyReader(setup: ReaderSetup, names: SharedNames): Reader {
  return {
    translator: createTranslator(names, setup.policy.interfaceIds.length),
    post: () => undefined,
    inbox: [],
    wake: null,
    idle: () => undefined,
    stop: async () => undefined,
  };
}
