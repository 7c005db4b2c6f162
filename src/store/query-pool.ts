import type { DuckDBConnection } from "@duckdb/node-api";
import { type Reader, readerOf } from "./query.ts";

/**
 * Queries on as many connections as are asked for at once, `most` at the most: most of a short query's time goes into its
 * plan, which DuckDB makes on one core. `open` opens another connection to the same file.
 */
export function createQueryPool(
  first: DuckDBConnection,
  open: () => Promise<DuckDBConnection>,
  most: number,
): Reader["run"] {
  const toReader = (connection: DuckDBConnection): Reader => readerOf({ connection, close() {} });
  const free = [toReader(first)];
  const waiting: ((reader: Reader) => void)[] = [];
  let opened = 1;
  const take = async (): Promise<Reader> => {
    const reader = free.pop();
    if (reader) return reader;
    if (opened < most) {
      opened++;
      return toReader(await open());
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  return async (sql, parameters) => {
    const reader = await take();
    try {
      return await reader.run(sql, parameters);
    } finally {
      const next = waiting.shift();
      if (next) next(reader);
      else free.push(reader);
    }
  };
}
