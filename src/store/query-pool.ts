import type { DuckDBConnection } from "@duckdb/node-api";
import { type EvidenceQuery, evidenceQueryOn } from "./evidence-query.ts";

/**
 * Queries on as many connections as are asked for at once, `most` at the most: most of a short query's time goes into its
 * plan, which DuckDB makes on one core. `open` opens another connection to the same file.
 */
export function createQueryPool(
  first: DuckDBConnection,
  open: () => Promise<DuckDBConnection>,
  most: number,
): EvidenceQuery["run"] {
  const toReader = (connection: DuckDBConnection): EvidenceQuery => evidenceQueryOn({ connection, close() {} });
  const free = [toReader(first)];
  const waiting: ((evidence: EvidenceQuery) => void)[] = [];
  let opened = 1;
  const take = async (): Promise<EvidenceQuery> => {
    const evidence = free.pop();
    if (evidence) return evidence;
    if (opened < most) {
      opened++;
      return toReader(await open());
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  return async (sql, parameters) => {
    const evidence = await take();
    try {
      return await evidence.run(sql, parameters);
    } finally {
      const next = waiting.shift();
      if (next) next(evidence);
      else free.push(evidence);
    }
  };
}
