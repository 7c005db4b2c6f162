import type { DuckDBConnection } from "@duckdb/node-api";
import type { TrackerState } from "../evaluate/state.ts";
import { loadTracker } from "./tracker-rows.ts";

/** An object of the ledger. `objectId` is its number in the tables. */
export interface LedgerEntry {
  readonly objectId: number;
  readonly etag: string | null;
  readonly size: number | null;
}

/** What an evidence file already holds: the ledger, and the next free numbers. */
export interface StoredState {
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  readonly interfaceIds: readonly string[];
  readonly nextObject: number;
  readonly nextJudgement: number;
  readonly nextRuleSet: number;
  readonly nextRun: number;
  readonly tracker: TrackerState | null;
  /** Rules that the stored records name, also those of models that are gone. */
  readonly ruleIds: readonly string[];
}

export async function readStoredState(connection: DuckDBConnection): Promise<StoredState> {
  const rows = async (sql: string): Promise<readonly (readonly unknown[])[]> =>
    (await connection.runAndReadAll(sql)).getRows();
  const objects = await rows("select source_object, object_id, etag, size from objects");
  const interfaces = await rows("select interface_id from interface_dim order by interface_idx");
  const [[object, judgement, ruleSet, run]] = await rows(`select
    (select coalesce(max(object_id) + 1, 0) from objects), (select coalesce(max(judgement_id) + 1, 0) from judgements),
    (select coalesce(max(rule_set_id) + 1, 1) from rule_sets), (select coalesce(max(run_id) + 1, 1) from runs)`);
  return {
    ledger: new Map(
      objects.map(([name, id, etag, size]) => [
        String(name),
        { objectId: Number(id), etag: etag as string | null, size: size === null ? null : Number(size) },
      ]),
    ),
    interfaceIds: interfaces.map(([id]) => String(id)),
    nextObject: Number(object),
    nextJudgement: Number(judgement),
    nextRuleSet: Number(ruleSet),
    nextRun: Number(run),
    tracker: await loadTracker(connection),
    ruleIds: (await rows("select distinct rule_id from rule_sets order by 1")).map(([id]) => String(id)),
  };
}
