import { Worker } from "node:worker_threads";
import { retire } from "./retire.ts";

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
  const writer = start("../store/writer-thread.js");
  const readers = Array.from({ length: workers }, () => start("../pool/worker.js"));
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
