import type { DuckDBConnection } from "@duckdb/node-api";
import { type FlowBatch, HAS_TIMES } from "../decode/flow-batch.ts";
import { appendRows, type Cell } from "./rows.ts";

/**
 * The longest record of each interface, for a run that keeps no records: `coverage` tells aggregation intervals by them,
 * and so what is a gap. Goes where `prune` puts the same (`pruned_intervals`).
 */
export interface IntervalLog {
  note(batch: FlowBatch): void;
  /** Stores what grew since the last time. */
  store(connection: DuckDBConnection): Promise<void>;
}

export function createIntervalLog(): IntervalLog {
  const longest = new Map<number, number>();
  const grown = new Set<number>();
  return {
    note({ rows, interfaceId, start, end, bits }) {
      for (let row = 0; row < rows; row++) {
        if ((bits[row] & HAS_TIMES) === 0) continue;
        const seconds = Math.max(0, end[row] - start[row]);
        const id = interfaceId[row];
        if (seconds <= (longest.get(id) ?? -1)) continue;
        longest.set(id, seconds);
        grown.add(id);
      }
    },
    async store(connection) {
      const rows = [...grown].map((id): Cell[] => [id, longest.get(id)!]);
      grown.clear();
      if (rows.length > 0) await appendRows(connection, "pruned_intervals", "ub", rows);
    },
  };
}
