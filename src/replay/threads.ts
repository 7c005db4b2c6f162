import { Worker } from "node:worker_threads";

/** The threads of a replay. */
export interface Threads {
  readonly readers: readonly Worker[];
  /** Null if everything runs on the caller's thread. */
  readonly writer: Worker | null;
  /** Why the writer ended before anybody listened: DuckDB could not be loaded. */
  readonly lost: Error | null;
  /** From now on the threads keep the process alive, until `release`. */
  hold(): void;
  release(): void;
}

/**
 * Starts `workers` readers and a writer; no thread at all for 0. This module imports nothing else: called first, it lets the
 * threads load their code while the caller loads its own. A caller that fails before it holds them may just end.
 */
export function startThreads(workers: number): Threads {
  if (workers === 0) return { readers: [], writer: null, lost: null, hold() {}, release() {} };
  const start = (module: string): Worker => new Worker(new URL(module, import.meta.url));
  const writer = start("../replay/writer-thread.js");
  const readers = Array.from({ length: workers }, () => start("../replay/reader-thread.js"));
  for (const reader of readers) reader.unref();
  // Node aborts if the process ends while a thread loads native code. The writer's first message says that it is loaded.
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

/** Milliseconds from the end of the work to the end of a thread. */
const LINGER_MS = 2000;

/**
 * Ends an idle thread, but not at once: Node 20 aborts the whole process if a thread ends while V8 still compiles its hot
 * functions in the background (`ForIsolate ... (data.first) != nullptr`, seen once in about 250 replays). After a moment
 * nothing is being compiled. Until then the thread does not keep the process alive.
 */
function retire(thread: Worker): void {
  thread.unref();
  setTimeout(() => void thread.terminate(), LINGER_MS).unref();
}

/**
 * Every thread that transfers buffers calls this first. V8 compiles access to typed arrays on the assumption that no
 * `ArrayBuffer` was ever detached (the "array buffer detaching protector"). The first transfer discards that code, so without
 * this call everything hot would be compiled twice.
 */
export function expectTransfers(): void {
  const buffer = new ArrayBuffer(1);
  structuredClone(buffer, { transfer: [buffer] });
}
