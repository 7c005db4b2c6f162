import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { Appender, DataChunk, Vector } from "@duckdb/node-bindings";
import type { Column } from "./columns.ts";
import { bindings as duckdb, LIST, listValue, VARCHAR } from "./duckdb.ts";
import type { FactColumns } from "./columns.ts";

/** Rows of one DuckDB vector. */
const VECTOR_ROWS = 2048;

/**
 * Appends whole columns to a table, copied vector by vector straight from typed arrays: about ten times the rate of
 * appending value by value. This file is the only one that knows the C-level interface. A table of one STRUCT is filled by
 * its fields: `columnCount` of them.
 */
export function createColumnAppender(connection: DuckDBConnection, table: string, columnCount: number) {
  // The API's class hides the handle that the C-level functions take.
  const handle = (connection as unknown as { connection: Parameters<typeof duckdb.appender_create>[0] }).connection;
  const appender: Appender = duckdb.appender_create(handle, null, table);
  const ofFields = duckdb.appender_column_count(appender) < columnCount;
  const types = Array.from({ length: ofFields ? 1 : columnCount }, (_, at) =>
    duckdb.appender_column_type(appender, at),
  );
  const chunk: DataChunk = duckdb.create_data_chunk(types);
  const vectorOf = (column: number): Vector =>
    ofFields
      ? duckdb.struct_vector_get_child(duckdb.data_chunk_get_vector(chunk, 0), column)
      : duckdb.data_chunk_get_vector(chunk, column);
  return {
    append(columns: readonly Column[], rows: number): void {
      for (let from = 0; from < rows; from += VECTOR_ROWS) {
        const count = Math.min(VECTOR_ROWS, rows - from);
        duckdb.data_chunk_reset(chunk);
        columns.forEach((column, index) => {
          const vector = vectorOf(index);
          const { values, bytesPerValue, valid } = column;
          const at = values.byteOffset + from * bytesPerValue;
          duckdb.copy_data_to_vector(vector, 0, values.buffer as ArrayBuffer, at, count * bytesPerValue);
          if (valid) copyValidity(vector, valid, from, count);
        });
        duckdb.data_chunk_set_size(chunk, count);
        duckdb.append_data_chunk(appender, chunk);
      }
    },
    flush: (): void => duckdb.appender_flush_sync(appender),
    /** Ends without writing what has not been flushed yet: closing would write it, inside a transaction or not. */
    discard(): void {
      duckdb.appender_clear(appender);
      duckdb.appender_close_sync(appender);
    },
  };
}

function copyValidity(vector: Vector, valid: Uint8Array, from: number, count: number): void {
  duckdb.vector_ensure_validity_writable(vector);
  const bytes = Math.ceil(count / 64) * 8;
  const words = new Uint8Array(bytes);
  words.set(valid.subarray(from / 8, from / 8 + Math.ceil(count / 8)));
  duckdb.copy_data_to_vector_validity(vector, 0, words.buffer, 0, bytes);
}

/** A column of a result without nulls, in the binary form of its type; valid as long as the chunk. */
export function columnBytes(chunk: DuckDBDataChunk, column: number, bytesPerValue: number): Uint8Array {
  return duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), chunk.rowCount * bytesPerValue);
}

/** A cell of a dimension table. Numbers go to unsigned 32-bit columns, bigints to 64-bit ones. */
export type Cell = string | number | bigint | boolean | readonly string[] | Date | null;

/**
 * Appends whole rows to a small table (dimensions, ledger): value by value, in the order of its columns. `kinds` says how
 * numbers are written: u uinteger, b ubigint, i integer, t timestamp; anything else by its JavaScript type.
 */
export async function appendRows(
  connection: DuckDBConnection,
  table: string,
  kinds: string,
  rows: Iterable<readonly Cell[]>,
): Promise<void> {
  const appender = await connection.createAppender(table);
  // If a failure left it open, it would write its rows when it is garbage-collected, long after the transaction.
  try {
    for (const row of rows) {
      row.forEach((cell, at) => appendCell(appender, kinds[at], cell));
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}

function appendCell(appender: DuckDBAppender, kind: string, cell: Cell): void {
  if (cell === null) appender.appendNull();
  else if (typeof cell === "string") appender.appendVarchar(cell);
  else if (typeof cell === "boolean") appender.appendBoolean(cell);
  else if (typeof cell === "bigint") appender.appendUBigInt(cell);
  else if (typeof cell === "number") {
    if (kind === "b") appender.appendUBigInt(BigInt(Math.trunc(cell)));
    else if (kind === "i") appender.appendInteger(cell);
    else appender.appendUInteger(cell);
  } else if (cell instanceof Date) appender.appendVarchar(cell.toISOString().replace("T", " ").replace("Z", ""));
  else appender.appendList(listValue([...(cell as readonly string[])]), LIST(VARCHAR));
}

/** Writes the sums of segments. */
export function createFactRowWriter(connection: DuckDBConnection) {
  const activity = createColumnAppender(connection, "activity", 8);
  const coverage = createColumnAppender(connection, "coverage_minutes", 7);
  const traffic = createColumnAppender(connection, "traffic_sums", 18);
  return {
    append(facts: FactColumns): void {
      activity.append(facts.activity.columns, facts.activity.rows);
      coverage.append(facts.coverage.columns, facts.coverage.rows);
      traffic.append(facts.traffic.columns, facts.traffic.rows);
      // Flushed at once: that leaves less to do at the end.
      for (const one of [activity, coverage, traffic]) one.flush();
    },
    /** Ends; what has not been flushed is not written. */
    discard: (): void => [activity, coverage, traffic].forEach((one) => one.discard()),
  };
}
