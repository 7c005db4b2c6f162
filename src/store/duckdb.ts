import { createRequire } from "node:module";
import type Bindings from "@duckdb/node-bindings";
import { AppError } from "../errors.ts";
export {
  blobValue,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  LIST,
  listValue,
  quotedString,
  StatementType,
  VARCHAR,
} from "@duckdb/node-api";

/**
 * DuckDB for Node, all that is used of it. Its api is CommonJS in 150 files, whose loading takes 0.1 s in every thread; the
 * build puts them into one (build/bundle.ts) and leaves the native code outside.
 */

/**
 * The C-level functions below the api. By `require`: where there is no native part for the machine, an import fails twice in Node
 * 20, once for who asked and once for nobody, and that ends the process with a trace.
 */
export const bindings = createRequire(import.meta.url)("@duckdb/node-bindings") as typeof Bindings;

/** What the operating system says where it does not take a write: the disk or a limit, not this program. */
const REFUSED =
  /(No space left on device|File too large|Disk quota exceeded|Read-only file system|Input\/output error)/i;

/** The error for a file that another process holds a lock on; null for any other error. DuckDB gives a text only, no code. */
export function inUseError(path: string, error: unknown, hint: string): AppError | null {
  if (!/could not set lock on file/i.test(String(error))) return null;
  return new AppError("E_IN_USE", `${path} is in use by another process`, { hint, cause: error });
}

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
