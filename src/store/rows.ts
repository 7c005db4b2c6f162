import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import { LIST, listValue, VARCHAR } from "./duckdb.ts";

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
  // Left open by a failure it would write its rows when it is collected, long after the transaction.
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
