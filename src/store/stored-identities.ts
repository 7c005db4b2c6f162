import type { DuckDBConnection } from "@duckdb/node-api";
import { BUCKET_SECONDS, type StoredIdentities } from "../evaluate/duplicates.ts";
import { hashIdentity, identity } from "../evaluate/record-identity.ts";
import { scanFlows } from "./flow-scan.ts";

const TABLES = ["flow_rows", "flow_rows_wide"] as const;

/** The identities of the stored records that start in one of the buckets (`BUCKET_SECONDS` each). */
export async function readIdentities(
  connection: DuckDBConnection,
  buckets: readonly number[],
): Promise<StoredIdentities> {
  const from = Math.min(...buckets) * BUCKET_SECONDS;
  const to = (Math.max(...buckets) + 1) * BUCKET_SECONDS;
  // Records are stored in order of time, roughly: the bounds leave most of the table unread.
  const where = `start_s >= ${from} and start_s < ${to} and start_s // ${BUCKET_SECONDS} in (${buckets.join(", ")})`;
  const parts: StoredIdentities[] = [];
  for (const table of TABLES) {
    for await (const { batch, objectId, judgement } of scanFlows(connection, table, where)) {
      const { rows } = batch;
      const low = new Int32Array(rows);
      const high = new Int32Array(rows);
      for (let row = 0; row < rows; row++) {
        hashIdentity(batch, row);
        low[row] = identity.low;
        high[row] = identity.high;
      }
      parts.push({
        rows,
        low,
        high,
        start: batch.start.slice(0, rows),
        objectId: objectId.slice(),
        judgement: judgement.slice(),
      });
    }
  }
  return joined(parts);
}

function joined(parts: readonly StoredIdentities[]): StoredIdentities {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const whole = {
    rows,
    low: new Int32Array(rows),
    high: new Int32Array(rows),
    start: new Uint32Array(rows),
    objectId: new Uint32Array(rows),
    judgement: new Uint32Array(rows),
  };
  let at = 0;
  for (const part of parts) {
    for (const column of ["low", "high", "start", "objectId", "judgement"] as const)
      whole[column].set(part[column], at);
    at += part.rows;
  }
  return whole;
}
