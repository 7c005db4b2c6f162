import { Worker } from "node:worker_threads";

/** The threads of a replay, before anything is asked of them. */
export interface Threads {
  readonly readers: readonly Worker[];
  /** Null where everything is to run on the caller's thread. */
  readonly writer: Worker | null;
}

/**
 * Starts `workers` readers and a writer, none of them with 0. Imports nothing of the rest: called first, it lets the threads
 * load their code while the caller loads its own. Until they are taken on (`holdThreads`) they keep no process alive.
 */
export function startThreads(workers: number): Threads {
  const start = (module: string): Worker => {
    const thread = new Worker(new URL(module, import.meta.url));
    thread.unref();
    return thread;
  };
  if (workers === 0) return { readers: [], writer: null };
  const writer = start("../store/writer-thread.js");
  return { readers: Array.from({ length: workers }, () => start("../pool/worker.js")), writer };
}

export function holdThreads({ readers, writer }: Threads): void {
  for (const thread of readers) thread.ref();
  writer?.ref();
}
