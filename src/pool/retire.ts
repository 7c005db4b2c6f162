import type { Worker } from "node:worker_threads";

/** Milliseconds that a thread without work goes on before it is ended. */
const LINGER_MS = 2000;

/**
 * Ends a thread that has nothing more to do, but not at once: Node 20 aborts the whole process when a thread goes while
 * V8 still compiles its hot functions in the background (`ForIsolate ... (data.first) != nullptr`, seen once in some 250
 * replays). An idle thread compiles nothing, and keeps no process alive.
 */
export function retire(thread: Worker): void {
  thread.unref();
  setTimeout(() => void thread.terminate(), LINGER_MS).unref();
}
