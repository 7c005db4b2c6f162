import type { Plain, Result, ResultStream } from "../store/evidence-query.ts";

/** Names of the columns, each with the type that renderers align and format by. */
export type ColumnTypes = readonly (readonly [name: string, type: string])[];

/** Rows that were not read from SQL, for the renderers. */
export function rowStream(columns: ColumnTypes, rows: readonly Plain[][]): ResultStream {
  return streamOf({ columns: columns.map(([name, type]) => ({ name, type })), rows });
}

export function streamOf({ columns, rows }: Result): ResultStream {
  const chunks = async function* (): AsyncGenerator<readonly Plain[][]> {
    yield rows;
  };
  return { columns, chunks: chunks() };
}

/** ISO 8601 of Unix seconds, as the SQL reports print timestamps. */
export function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
