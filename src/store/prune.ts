import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { DuckDBConnection } from "@duckdb/node-api";
import { AppError } from "../errors.ts";
import { createSchema, openForWriting, unfinishedName } from "./create-file.ts";
import { TABLE_NAMES } from "./schema.ts";
import { DuckDBInstance, quotedString } from "./duckdb.ts";
import { inUseError, writeError } from "./duckdb-errors.ts";

export interface Pruned {
  /** Flow records that were removed, and how many there were before. */
  readonly records: number;
  readonly recordsBefore: number;
  readonly bytes: number;
  readonly bytesBefore: number;
}

/**
 * Removes the flow records that ended before `before` (Unix seconds); the ledger, sums and daily counts stay. DuckDB does not
 * give room back, so the rest is copied to a new file, which then replaces the old one. A run that is killed on the way leaves
 * the old file as it was.
 */
export async function pruneFlows(path: string, before: number): Promise<Pruned> {
  if (!existsSync(path)) {
    throw new AppError("E_STORE", `no evidence file at ${path}`, { hint: "name one with --db" });
  }
  // Checks the file, and writes what a killed run left in the write-ahead log into the file itself.
  const file = await openForWriting(path);
  try {
    await file.connection.run("checkpoint");
  } catch (error) {
    throw writeError(path, error);
  } finally {
    file.close();
  }
  const bytesBefore = statSync(path).size;
  const unfinished = unfinishedName(path);
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(availableParallelism()),
    memory_limit: "512MB",
    temp_directory: `${unfinished}.tmp`,
    autoload_known_extensions: "false",
    autoinstall_known_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    await connection.run("set timezone = 'UTC'");
    await attachOld(connection, path);
    await connection.run(`attach ${quotedString(unfinished)} as pruned`);
    // Whatever the names, views and values of the file are, no statement reaches another file from here on.
    await connection.run("set enable_external_access = false");
    await connection.run("set lock_configuration = true");
    const [records, recordsBefore] = await countFlows(connection, before);
    if (records > 0) {
      await copyKept(connection, before, records);
      await connection.run("use old");
      // Also writes everything to the disk. The old file stays locked against others until the new one is in its place.
      await connection.run("detach pruned");
      renameSync(unfinished, path);
    }
    connection.closeSync();
    return { records, recordsBefore, bytesBefore, bytes: statSync(path).size };
  } catch (error) {
    throw writeError(path, error);
  } finally {
    instance.closeSync();
    for (const left of ["", ".wal", ".tmp"]) rmSync(unfinished + left, { force: true, recursive: true });
  }
}

/** Read-only: that keeps writers out, and never touches the file. */
async function attachOld(connection: DuckDBConnection, path: string): Promise<void> {
  const hint = "prune when the replay has ended";
  try {
    await connection.run(`attach ${quotedString(path)} as old (read_only)`);
  } catch (error) {
    throw inUseError(path, error, hint) ?? error;
  }
  // A replay ran in between: its commits may not be in the file itself yet.
  if (existsSync(`${path}.wal`)) throw new AppError("E_IN_USE", `${path} is in use by another process`, { hint });
  await connection.run("use old");
}

/** Ends before the time; where a record has no times, its object's. */
const PLAIN_IS_OLD = "(start_s::ubigint + duration < $before)";
const RECORD_IS_OLD = "(record.start_s::ubigint + record.duration < $before)";
const WIDE_IS_OLD = `(coalesce(f.start_s::ubigint + f.duration, epoch(coalesce(o.last_time, o.object_time))) < $before)`;

async function countFlows(connection: DuckDBConnection, before: number): Promise<[number, number]> {
  const sql = `select
    (select count(*) from flow_rows where ${PLAIN_IS_OLD})
      + (select count(*) from flow_rows_wide f join objects o using (object_id) where ${WIDE_IS_OLD}),
    (select count(*) from flow_rows) + (select count(*) from flow_rows_wide)`;
  const [row] = (await connection.runAndReadAll(sql, { before })).getRows();
  return [Number(row[0]), Number(row[1])];
}

async function copyKept(connection: DuckDBConnection, before: number, records: number): Promise<void> {
  await connection.run("use pruned");
  await createSchema(connection);
  await connection.run("use old");
  await connection.run("begin");
  for (const table of TABLE_NAMES) {
    const into = `insert into pruned.main.${table}`;
    switch (table) {
      case "schema_info":
        break;
      case "plain_records":
      case "plain_records_further":
        await connection.run(`${into} select record from ${table} where not ${RECORD_IS_OLD}`, { before });
        break;
      case "flow_rows_wide":
        await connection.run(
          `${into} select f.* from flow_rows_wide f join objects o using (object_id)
           where not coalesce(${WIDE_IS_OLD}, false)`,
          { before },
        );
        break;
      // What the records say beyond their sums. Both views include what earlier prunes have kept.
      case "pruned_probers":
        await connection.run(`${into} select source, scanner, internal from probing_peers`);
        break;
      case "pruned_intervals":
        await connection.run(`${into} select interface_idx, longest from longest_records where longest is not null`);
        break;
      default:
        await connection.run(`${into} select * from old.main.${table}`);
    }
  }
  await connection.run(
    "insert into pruned.main.prunes values (now()::timestamp, make_timestamp($before::bigint * 1000000), $records)",
    { before, records },
  );
  await connection.run("commit");
}
