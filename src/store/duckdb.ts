import { createRequire } from "node:module";
import type Bindings from "@duckdb/node-bindings";
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
