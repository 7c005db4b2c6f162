import type { DuckDBConnection } from "@duckdb/node-api";
import { type FlowBatch, HAS_TIMES } from "../decode/flow-batch.ts";
import { appendRows, type Cell } from "./column-appender.ts";

/** What is known of an object once all its records are in. */
export interface FinishedObject {
  readonly objectId: number;
  readonly name: string;
  readonly etag: string | null;
  readonly size: number | null;
  /** Unix seconds; null where the name has none. */
  readonly time: number | null;
  readonly records: number;
  readonly badLines: number;
  /** Records that another flow log had delivered already: counted, not stored again. */
  readonly duplicates: number;
  /** Unix seconds of the earliest start and the latest end; null without records. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

export interface RunRecord {
  readonly startedAt: Date;
  readonly arguments: string;
  /** Path of the model. */
  readonly model: string | null;
  readonly toolVersion: string;
}

export interface RunEnd {
  readonly state: "complete" | "interrupted";
  /** Repeated requests, and connections dropped before their time-out. */
  readonly retries: number;
  readonly evicted: number;
}

/** Writes the rows of a run and of the objects that it commits. */
export function createRunRows(connection: DuckDBConnection, runId: number) {
  const totals = { records: 0, badLines: 0, objects: 0 };
  return {
    /** The hash of its model follows when that is packed (stored-models.ts). */
    async start({ toolVersion, startedAt, arguments: given, model }: RunRecord): Promise<void> {
      const row = [runId, toolVersion, startedAt, null, "running", given, model, null, 0, 0, 0, 0, 0];
      await appendRows(connection, "runs", "u-------bbbbb", [row]);
    },
    async addObjects(finished: readonly FinishedObject[]): Promise<void> {
      const rows = finished.map((object) => objectRow(object, runId));
      await appendRows(connection, "objects", "u--b-bb--buu-", rows);
      for (const { records, badLines } of finished) {
        totals.records += records;
        totals.badLines += badLines;
        totals.objects++;
      }
    },
    async end({ state, retries, evicted }: RunEnd): Promise<void> {
      await connection.run(
        `update runs set finished_at = $finished, state = $state, records = $records, bad_lines = $bad, objects = $objects,
           evicted_connections = $evicted, retries = $retries where run_id = $run`,
        {
          finished: new Date().toISOString().replace("T", " ").replace("Z", ""),
          state,
          records: totals.records,
          bad: totals.badLines,
          objects: totals.objects,
          evicted,
          retries,
          run: runId,
        },
      );
    },
  };
}

function objectRow(object: FinishedObject, runId: number): Cell[] {
  const time = (seconds: number | null): Date | null => (seconds === null ? null : new Date(seconds * 1000));
  return [
    object.objectId,
    object.name,
    object.etag,
    object.size,
    time(object.time),
    object.records,
    object.badLines,
    time(object.firstTime),
    time(object.lastTime),
    object.duplicates,
    runId,
    new Date(),
    "complete",
  ];
}

/**
 * Notes the longest record of each interface, for a run that keeps no records: `coverage` tells aggregation intervals by
 * them, and so what is a gap. They go where `prune` puts the same (`pruned_intervals`).
 */
export function createIntervalLog() {
  const longest = new Map<number, number>();
  const grown = new Set<number>();
  return {
    note({ rows, interfaceId, start, end, bits }: FlowBatch): void {
      for (let row = 0; row < rows; row++) {
        if ((bits[row] & HAS_TIMES) === 0) continue;
        const seconds = Math.max(0, end[row] - start[row]);
        const id = interfaceId[row];
        if (seconds <= (longest.get(id) ?? -1)) continue;
        longest.set(id, seconds);
        grown.add(id);
      }
    },
    /** Stores what grew since the last time. */
    async store(connection: DuckDBConnection): Promise<void> {
      const rows = [...grown].map((id): Cell[] => [id, longest.get(id)!]);
      grown.clear();
      if (rows.length > 0) await appendRows(connection, "pruned_intervals", "ub", rows);
    },
  };
}
