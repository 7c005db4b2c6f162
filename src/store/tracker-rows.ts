import type { DuckDBConnection } from "@duckdb/node-api";
import { STATE_WORDS, type StoredReading, type TrackerState } from "../evaluate/state.ts";
import { createColumnAppender } from "./column-appender.ts";

/** Replaces the stored memory of the evaluator; part of the transaction that commits the records it comes from. */
export async function saveTracker(connection: DuckDBConnection, state: TrackerState): Promise<void> {
  await connection.run("delete from tracker_connections");
  await connection.run("delete from tracker_state");
  const appender = createColumnAppender(connection, "tracker_connections", STATE_WORDS.length);
  try {
    appender.append(
      state.columns.map((values) => ({ values, bytesPerValue: 4 })),
      state.rows,
    );
  } finally {
    appender.close();
  }
  const content = JSON.stringify({ readings: state.readings, addresses: [...state.addresses], now: state.now });
  await connection.run("insert into tracker_state values ($1)", [content]);
}

/** The memory that an earlier run left; null when there is none. */
export async function loadTracker(connection: DuckDBConnection): Promise<TrackerState | null> {
  const [row] = (await connection.runAndReadAll("select content from tracker_state")).getRows();
  if (!row) return null;
  const content = JSON.parse(String(row[0])) as { readings: StoredReading[]; addresses: number[]; now: number };
  const table = await connection.runAndReadAll("select * from tracker_connections order by rowid");
  const columns = table.getColumns().map((column) => Uint32Array.from(column as number[]));
  const rows = columns[0]?.length ?? 0;
  return {
    rows,
    columns: rows === 0 ? STATE_WORDS.map(() => new Uint32Array(0)) : columns,
    addresses: Uint32Array.from(content.addresses),
    readings: content.readings,
    now: content.now,
  };
}
