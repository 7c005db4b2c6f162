/**
 * DuckDB for Node, all that is used of it. Its api is CommonJS in 150 files, whose loading takes 0.1 s in every thread; the
 * build puts them into one (build/bundle.ts) and leaves the native code outside.
 */
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

/** The C-level functions below the api. */
export { default as bindings } from "@duckdb/node-bindings";
