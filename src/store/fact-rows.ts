import type { DuckDBConnection } from "@duckdb/node-api";
import { createColumnAppender } from "./column-appender.ts";
import type { FactColumns } from "./fact-columns.ts";

/** Writes sums. */
export interface FactRowWriter {
  append(facts: FactColumns): void;
  /** Ends; what has not been flushed is not written. */
  discard(): void;
}

export function createFactRowWriter(connection: DuckDBConnection): FactRowWriter {
  const activity = createColumnAppender(connection, "activity", 8);
  const coverage = createColumnAppender(connection, "coverage_minutes", 7);
  const traffic = createColumnAppender(connection, "traffic_sums", 18);
  return {
    append(facts) {
      activity.append(facts.activity.columns, facts.activity.rows);
      coverage.append(facts.coverage.columns, facts.coverage.rows);
      traffic.append(facts.traffic.columns, facts.traffic.rows);
      // At once: there is less to do when all records are in.
      for (const one of [activity, coverage, traffic]) one.flush();
    },
    discard: () => [activity, coverage, traffic].forEach((one) => one.discard()),
  };
}
