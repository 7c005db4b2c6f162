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
