import { createRequire } from "node:module";
import type * as Api from "@duckdb/node-api";
import type * as Bindings from "@duckdb/node-bindings";

/**
 * DuckDB for Node, loaded by `require`: its packages are CommonJS in many files, and `import` first parses each of them for
 * the names it exports, which takes twice as long as loading them (0.1 s in every thread that does). Types come from the
 * packages themselves.
 */
const load = createRequire(import.meta.url);

export const {
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
} = load("@duckdb/node-api") as typeof Api;

/** The C-level functions below the api. */
export const bindings = load("@duckdb/node-bindings") as typeof Bindings;
