import { Worker } from "node:worker_threads";

/** The threads of a replay, before anything is asked of them. */
export interface Threads {
  readonly readers: readonly Worker[];
  /** Null where everything is to run on the caller's thread. */
  readonly writer: Worker | null;
  /** Why the writer is no more, before anybody listened: DuckDB could not be loaded. */
  readonly lost: Error | null;
  /** From now on they keep the process alive, until `release`. */
  hold(): void;
  release(): void;
}

/**
 * Starts `workers` readers and a writer, none of them with 0. Imports nothing of the rest: called first, it lets the threads
 * load their code while the caller loads its own. A caller that fails before it holds them may just end.
 */
export function startThreads(workers: number): Threads {
  if (workers === 0) return { readers: [], writer: null, lost: null, hold() {}, release() {} };
  const start = (module: string): Worker => new Worker(new URL(module, import.meta.url));
  const writer = start("../replay/writer-thread.js");
  const readers = Array.from({ length: workers }, () => start("../replay/reader-thread.js"));
  for (const reader of readers) reader.unref();
  // Node aborts when the process ends while a thread is loading native code: the writer's first message says that it has.
  let held = false;
  let lost: Error | null = null;
  const loaded = new Promise<void>((resolve) => {
    writer.once("message", () => resolve());
    writer.once("error", (error: Error) => {
      lost = error;
      resolve();
    });
  });
  void loaded.then(() => {
    if (!held) writer.unref();
  });
  return {
    readers,
    writer,
    get lost() {
      return lost;
    },
    hold() {
      held = true;
      for (const thread of [writer, ...readers]) thread.ref();
    },
    release() {
      readers.forEach(retire);
      void loaded.then(() => retire(writer));
    },
  };
}

/** Milliseconds that a thread without work goes on before it is ended. */
const LINGER_MS = 2000;

/**
 * Ends a thread that has nothing more to do, but not at once: Node 20 aborts the whole process when a thread goes while
 * V8 still compiles its hot functions in the background (`ForIsolate ... (data.first) != nullptr`, seen once in some 250
 * replays). An idle thread compiles nothing, and keeps no process alive.
 */
function retire(thread: Worker): void {
  thread.unref();
  setTimeout(() => void thread.terminate(), LINGER_MS).unref();
}

/**
 * To be called by each thread that hands buffers over, before it does anything often. V8 compiles access to typed arrays on
 * the assumption that no `ArrayBuffer` was ever detached; the first transfer throws all such code of the thread away, and
 * everything hot is compiled twice. (V8: "array buffer detaching protector".)
 */
export function expectTransfers(): void {
  const buffer = new ArrayBuffer(1);
  structuredClone(buffer, { transfer: [buffer] });
}
