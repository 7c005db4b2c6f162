import { AppError } from "../errors.ts";

/** What the operating system says where it does not take a write: the disk or a limit, not this program. */
const REFUSED =
  /(No space left on device|File too large|Disk quota exceeded|Read-only file system|Input\/output error)/i;

/** A write that the system refused, in the user's terms; anything else as it is. */
export function writeError(path: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const refused = REFUSED.exec(error instanceof Error ? error.message : String(error))?.[1];
  if (refused === undefined) return error;
  // DuckDB begins it with a capital, Node does not.
  const why = refused[0].toUpperCase() + refused.slice(1);
  return new AppError("E_STORE", `cannot write ${path}: ${why}`, {
    hint: "make room there and replay again: what was committed stays, nothing is stored twice",
    cause: error,
  });
}

/** The same methods, with `writeError` for what they throw. */
export function withWriteErrors<T extends object>(path: string, target: T): T {
  const guarded = Object.entries(target).map(([name, member]: [string, unknown]) => {
    if (typeof member !== "function") return [name, member];
    const call = async (...args: unknown[]): Promise<unknown> => {
      try {
        return await (member as (...args: unknown[]) => unknown).apply(target, args);
      } catch (error) {
        throw writeError(path, error);
      }
    };
    return [name, call];
  });
  return Object.fromEntries(guarded) as T;
}
