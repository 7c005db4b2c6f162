import type { DuckDBBlobValue, DuckDBConnection } from "@duckdb/node-api";
import type { StoredLookup, TrackerState } from "../evaluate/conntrack/tracker-state.ts";
import {
  answerBits,
  BUCKET_SECONDS,
  hashIdentity,
  identity,
  type StoredIdentities,
} from "../evaluate/duplicate-filter.ts";
import type { StoredRuleSet } from "../evaluate/facts/rule-sets.ts";
import { blobValue } from "./duckdb.ts";
import { scanFlows } from "./stored-flows.ts";

/** An object of the ledger. `objectId` is its number in the tables. */
export interface LedgerEntry {
  readonly name: string;
  readonly objectId: number;
  readonly etag: string | null;
  readonly size: number | null;
  /** Unix seconds of its records; null without any that have times. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
  /** False if its records are not all rows here: after `--no-flows`, or after a prune. */
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
  /** Number of the next set of further fields; 0 stands for none. */
  readonly nextFurther: number;
  readonly ruleSets: readonly StoredRuleSet[];
  readonly nextRun: number;
  readonly tracker: TrackerState | null;
  /** Rules that the stored records name, also those of models that are gone. */
  readonly ruleIds: readonly string[];
}

export async function readStoredState(connection: DuckDBConnection): Promise<StoredState> {
  const rows = async (sql: string): Promise<readonly (readonly unknown[])[]> =>
    (await connection.runAndReadAll(sql)).getRows();
  const objects = await rows(`select source_object, object_id, etag, size, epoch(first_time), epoch(last_time),
      not coalesce(arguments like '%"keepFlows":false%', false)
        and coalesce(first_time >= (select max(before) from prunes), not exists (from prunes))
    from objects left join runs using (run_id) order by object_id`);
  const interfaces = await rows("select interface_id from interface_dim order by interface_idx");
  const answers = await rows("select action, log_status from judgements order by judgement_id");
  const [[object, judgement, ruleSet, run, further]] = await rows(`select
    (select coalesce(max(object_id) + 1, 0) from objects), (select coalesce(max(judgement_id) + 1, 0) from judgements),
    (select coalesce(max(rule_set_id) + 1, 1) from rule_set_members), (select coalesce(max(run_id) + 1, 1) from runs),
    (select coalesce(max(further_id) + 1, 1) from further_fields)`);
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
    answers: Uint8Array.from(answers, ([action, status]) =>
      answerBits(action as string | null, status as string | null),
    ),
    interfaceIds: interfaces.map(([id]) => String(id)),
    nextObject: Number(object),
    nextJudgement: Number(judgement),
    nextRuleSet: Number(ruleSet),
    nextFurther: Number(further),
    ruleSets: toRuleSets(
      await rows(
        "select rule_set_id, rule_id, certain, credited, because from rule_set_members order by rule_set_id, rowid",
      ),
    ),
    nextRun: Number(run),
    tracker: await loadTracker(connection),
    ruleIds: (await rows("select distinct rule_id from rule_set_members order by 1")).map(([id]) => String(id)),
  };
}

function toRuleSets(members: readonly (readonly unknown[])[]): StoredRuleSet[] {
  const sets = new Map<number, { number: number; members: StoredRuleSet["members"][number][] }>();
  for (const [id, ruleId, certain, credited, because] of members) {
    const number = Number(id);
    const known = sets.get(number) ?? { number, members: [] };
    known.members.push({
      ruleId: String(ruleId),
      certain: certain === true,
      credited: credited === true,
      because: Number(because),
    });
    sets.set(number, known);
  }
  return [...sets.values()];
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}

const TABLES = ["flow_rows", "flow_rows_wide"] as const;

/** The identities of the stored records that start in one of the buckets (`BUCKET_SECONDS` each). */
export async function readIdentities(
  connection: DuckDBConnection,
  buckets: readonly number[],
): Promise<StoredIdentities> {
  const from = Math.min(...buckets) * BUCKET_SECONDS;
  const to = (Math.max(...buckets) + 1) * BUCKET_SECONDS;
  // Records are stored roughly in order of time: the bounds leave most of the table unread.
  const where = `start_s >= ${from} and start_s < ${to} and start_s // ${BUCKET_SECONDS} in (${buckets.join(", ")})`;
  const parts: StoredIdentities[] = [];
  for (const table of TABLES) {
    for await (const { batch, objectId, judgement } of scanFlows(connection, table, where)) {
      const { rows } = batch;
      const low = new Int32Array(rows);
      const high = new Int32Array(rows);
      for (let row = 0; row < rows; row++) {
        hashIdentity(batch, row);
        low[row] = identity.low;
        high[row] = identity.high;
      }
      parts.push({
        rows,
        low,
        high,
        start: batch.start.slice(0, rows),
        objectId: objectId.slice(),
        judgement: judgement.slice(),
      });
    }
  }
  return joined(parts);
}

function joined(parts: readonly StoredIdentities[]): StoredIdentities {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const whole = {
    rows,
    low: new Int32Array(rows),
    high: new Int32Array(rows),
    start: new Uint32Array(rows),
    objectId: new Uint32Array(rows),
    judgement: new Uint32Array(rows),
  };
  let at = 0;
  for (const part of parts) {
    for (const column of ["low", "high", "start", "objectId", "judgement"] as const)
      whole[column].set(part[column], at);
    at += part.rows;
  }
  return whole;
}

/** The stored connection tracker without its entries. It is committed together with the records that it comes from. */
export type TrackerFrame = Omit<TrackerState, "entries">;

/** Replaces the stored tracker; `appendTracker` adds the entries. */
export async function replaceTracker(
  connection: DuckDBConnection,
  { lookups, addresses, now }: TrackerFrame,
): Promise<void> {
  await connection.run("delete from tracker_connections");
  await connection.run("delete from tracker_state");
  const content = JSON.stringify({ readings: lookups, addresses: [...addresses], now });
  await connection.run("insert into tracker_state values ($1)", [content]);
}

export async function appendTracker(connection: DuckDBConnection, chunk: Uint8Array): Promise<void> {
  await connection.run("insert into tracker_connections values ($1)", [blobValue(chunk)]);
}

/** The tracker that an earlier run left; null if there is none. */
export async function loadTracker(connection: DuckDBConnection): Promise<TrackerState | null> {
  const [row] = (await connection.runAndReadAll("select content from tracker_state")).getRows();
  if (!row) return null;
  const content = JSON.parse(String(row[0])) as { readings: StoredLookup[]; addresses: number[]; now: number };
  const chunks = await connection.runAndReadAll("select entries from tracker_connections order by rowid");
  return {
    entries: chunks.getRows().map(([chunk]) => (chunk as DuckDBBlobValue).bytes),
    addresses: Uint32Array.from(content.addresses),
    lookups: content.readings,
    now: content.now,
  };
}
