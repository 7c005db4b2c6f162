import type { Progress } from "../replay/segments.ts";
import { visible } from "../report/renderers/renderer.ts";
import { count, plural } from "../text.ts";
import { EXIT } from "./failure.ts";

const EVERY_MS = 100;

export interface ProgressLine {
  show(done: Progress): void;
  /** A line of its own above the progress line. */
  note(text: string): void;
  clear(): void;
}

/** A line that rewrites itself, on a terminal only. Notes are printed everywhere. */
export function createProgress(stream: NodeJS.WriteStream): ProgressLine {
  const started = Date.now();
  let last = 0;
  let shown = false;
  const clear = (): void => {
    if (shown) stream.write("\r\x1b[K");
    shown = false;
  };
  return {
    clear,
    note(text) {
      clear();
      stream.write(`note: ${visible(text)}\n`);
    },
    show(done) {
      const now = Date.now();
      if (!stream.isTTY || now - last < EVERY_MS) return;
      last = now;
      const seconds = (now - started) / 1000;
      const rate = done.records / seconds;
      const share = done.bytesTotal > 0 ? done.bytes / done.bytesTotal : done.objects / Math.max(1, done.objectsTotal);
      const left = share > 0.02 ? `, ${Math.ceil((seconds / share) * (1 - share))} s left` : "";
      const line = `${done.objects}/${plural(done.objectsTotal, "object")}, ${plural(done.records, "record")}, ${count(Math.round(rate))}/s${left}`;
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      shown = true;
    },
  };
}

/** Runs with a signal that the first Ctrl-C (or SIGTERM) raises. The second one ends the process. */
export async function interruptible<T>(progress: ProgressLine, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    progress.note("stopping after the current objects; press Ctrl-C again to stop at once");
    abort.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await run(abort.signal);
  } finally {
    progress.clear();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
