import { createRequire } from "node:module";
import type Bindings from "@duckdb/node-bindings";

// All that is used of DuckDB. Its API is CommonJS in 150 files, which take 0.1 s to load in every thread: the build bundles
// them (build/bundle.ts) and leaves the native code outside.
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
 * The C-level functions below the API. By `require`: if there is no native part for the machine, an import in Node 20 fails
 * twice, and the second failure has no handler and ends the process with a stack trace.
 */
export const bindings = createRequire(import.meta.url)("@duckdb/node-bindings") as typeof Bindings;
