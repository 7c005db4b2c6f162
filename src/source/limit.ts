import { setTimeout } from "node:timers/promises";

/** Runs calls with at most `size` of them under way, in the order they came. */
export function createLimit(size: number): <T>(call: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (call) => {
    // Whoever finishes hands its place over, so `running` never sinks while somebody waits.
    if (running < size) running++;
    else await new Promise<void>((start) => waiting.push(start));
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** A token bucket: resolves at most `perSecond` times a second, after a first burst of as many, in the order asked. */
export function createRate(perSecond: number, sleep = (ms: number) => setTimeout(ms)): () => Promise<void> {
  let free = performance.now() - 1000;
  return async () => {
    const now = performance.now();
    free = Math.max(free, now - 1000) + 1000 / perSecond;
    if (free > now) await sleep(free - now);
  };
}
