import type { DuckDBBlobValue, DuckDBConnection } from "@duckdb/node-api";
import type { StoredReading, TrackerState } from "../evaluate/state.ts";
import { blobValue } from "./duckdb.ts";

/** The stored memory of the evaluator; part of the transaction that commits the records it comes from. */
export type TrackerFrame = Omit<TrackerState, "entries">;

/** Puts another memory in the place of the stored one, without its entries. */
export async function replaceTracker(
  connection: DuckDBConnection,
  { readings, addresses, now }: TrackerFrame,
): Promise<void> {
  await connection.run("delete from tracker_connections");
  await connection.run("delete from tracker_state");
  const content = JSON.stringify({ readings, addresses: [...addresses], now });
  await connection.run("insert into tracker_state values ($1)", [content]);
}

export async function appendTracker(connection: DuckDBConnection, chunk: Uint8Array): Promise<void> {
  await connection.run("insert into tracker_connections values ($1)", [blobValue(chunk)]);
}

/** The memory that an earlier run left; null when there is none. */
export async function loadTracker(connection: DuckDBConnection): Promise<TrackerState | null> {
  const [row] = (await connection.runAndReadAll("select content from tracker_state")).getRows();
  if (!row) return null;
  const content = JSON.parse(String(row[0])) as { readings: StoredReading[]; addresses: number[]; now: number };
  const chunks = await connection.runAndReadAll("select entries from tracker_connections order by rowid");
  return {
    entries: chunks.getRows().map(([chunk]) => (chunk as DuckDBBlobValue).bytes),
    addresses: Uint32Array.from(content.addresses),
    readings: content.readings,
    now: content.now,
  };
}
