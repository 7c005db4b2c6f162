import type { DuckDBConnection } from "@duckdb/node-api";
import { ACTION_ACCEPT, ACTION_REJECT, STATUS_NODATA, STATUS_SHIFT, STATUS_SKIPDATA } from "../decode/flow-batch.ts";
import type { StoredRuleSet } from "../evaluate/rule-sets.ts";
import type { TrackerState } from "../evaluate/state.ts";
import { loadTracker } from "./tracker-rows.ts";

/** An object of the ledger. `objectId` is its number in the tables. */
export interface LedgerEntry {
  readonly name: string;
  readonly objectId: number;
  readonly etag: string | null;
  readonly size: number | null;
  /** Unix seconds of its records; null without any that have times. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  /** Whether its records are rows here: not so after `--no-flows`, nor all of them after a prune. */
  readonly hasRows: boolean;
}

/** What an evidence file already holds: the ledger, and the next free numbers. */
export interface StoredState {
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** All of them in the order of their numbers: standard input comes more than once. */
  readonly objects: readonly LedgerEntry[];
  readonly interfaceIds: readonly string[];
  readonly nextObject: number;
  readonly nextJudgement: number;
  /** Action and log status of each judgement, as the bits of a row (decode/flow-batch.ts). */
  readonly answers: Uint8Array;
  readonly nextRuleSet: number;
  readonly ruleSets: readonly StoredRuleSet[];
  readonly nextRun: number;
  readonly tracker: TrackerState | null;
  /** Rules that the stored records name, also those of models that are gone. */
  readonly ruleIds: readonly string[];
}

const ANSWERS = `select
  case action when 'ACCEPT' then ${ACTION_ACCEPT} when 'REJECT' then ${ACTION_REJECT} else 0 end
    | (case log_status when 'NODATA' then ${STATUS_NODATA} when 'SKIPDATA' then ${STATUS_SKIPDATA} else 0 end << ${STATUS_SHIFT})
  from judgements order by judgement_id`;

export async function readStoredState(connection: DuckDBConnection): Promise<StoredState> {
  const rows = async (sql: string): Promise<readonly (readonly unknown[])[]> =>
    (await connection.runAndReadAll(sql)).getRows();
  const objects = await rows(`select source_object, object_id, etag, size, epoch(first_time), epoch(last_time),
      not coalesce(arguments like '%"keepFlows":false%', false)
        and coalesce(first_time >= (select max(before) from prunes), not exists (from prunes))
    from objects left join runs using (run_id) order by object_id`);
  const interfaces = await rows("select interface_id from interface_dim order by interface_idx");
  const [[object, judgement, ruleSet, run]] = await rows(`select
    (select coalesce(max(object_id) + 1, 0) from objects), (select coalesce(max(judgement_id) + 1, 0) from judgements),
    (select coalesce(max(rule_set_id) + 1, 1) from rule_sets), (select coalesce(max(run_id) + 1, 1) from runs)`);
  const entries = objects.map(([name, id, etag, size, first, last, hasRows]): LedgerEntry => ({
    name: String(name),
    objectId: Number(id),
    etag: etag as string | null,
    size: numberOrNull(size),
    firstTime: numberOrNull(first),
    lastTime: numberOrNull(last),
    hasRows: hasRows === true,
  }));
  return {
    ledger: new Map(entries.map((entry) => [entry.name, entry])),
    objects: entries,
    answers: Uint8Array.from(await rows(ANSWERS), ([bits]) => Number(bits)),
    interfaceIds: interfaces.map(([id]) => String(id)),
    nextObject: Number(object),
    nextJudgement: Number(judgement),
    nextRuleSet: Number(ruleSet),
    ruleSets: toRuleSets(await rows("select rule_set_id, rule_id, certain from rule_sets order by rule_set_id, rowid")),
    nextRun: Number(run),
    tracker: await loadTracker(connection),
    ruleIds: (await rows("select distinct rule_id from rule_sets order by 1")).map(([id]) => String(id)),
  };
}

function toRuleSets(members: readonly (readonly unknown[])[]): StoredRuleSet[] {
  const sets = new Map<number, { number: number; ruleIds: string[]; certain: boolean }>();
  for (const [id, ruleId, certain] of members) {
    const number = Number(id);
    const known = sets.get(number);
    if (known) known.ruleIds.push(String(ruleId));
    else sets.set(number, { number, ruleIds: [String(ruleId)], certain: certain === true });
  }
  return [...sets.values()];
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
