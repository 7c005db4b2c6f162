import type { DuckDBConnection } from "@duckdb/node-api";
import {
  ACTION_ACCEPT,
  ACTION_REJECT,
  DIRECTION_EGRESS,
  DIRECTION_INGRESS,
  DIRECTION_SHIFT,
  STATUS_NODATA,
  STATUS_SHIFT,
} from "../decode/flow-batch.ts";
import { AppError } from "../errors.ts";
import type { Initiator } from "../judgement.ts";
import type { Model, Snapshot } from "../model/model.ts";
import { DuckDBListValue } from "./duckdb.ts";
import { openReadOnly } from "./read-only.ts";
import { bindAll, type Parameters, type EvidenceQuery, evidenceQueryOn } from "./evidence-query.ts";
import { readModels, readNewestModel } from "./stored-models.ts";
import { type FlowChunk, type FlowTable, scanFlows } from "./stored-flows.ts";
import { type ClassifiedTraffic, visitTrafficClasses } from "./traffic-classes.ts";

/** What a stored judgement says that does not depend on the policy, but for `outOfState` and the rules. */
export interface StoredJudgement {
  readonly action: "ACCEPT" | "REJECT" | null;
  readonly direction: "ingress" | "egress" | null;
  readonly initiator: Initiator;
  /** The record was of no tracked connection: its own direction's rules decided. */
  readonly outOfState: boolean;
  /** Group rules that admitted it, and those that may have. */
  readonly rules: readonly string[];
  readonly possibleRules: readonly string[];
  /** Bits of a batch row: action, log status, direction. */
  readonly bits: number;
}

interface StoredObject {
  readonly name: string;
  readonly runId: number;
}

/** The records of an evidence file with what is needed to judge them again. */
export interface StoredRecords {
  /** The model of each run that had one, by run id; runs with the same model share the object. */
  readonly models: ReadonlyMap<number, Model>;
  /** By number of the interface, of the object and of the judgement. */
  readonly interfaceIds: readonly string[];
  readonly objects: readonly (StoredObject | undefined)[];
  readonly judgements: readonly (StoredJudgement | undefined)[];
  readonly evidence: EvidenceQuery;
  /** The records of a table, in the order in which they were stored. Scans of both tables may run at the same time. */
  scan(table: FlowTable): AsyncIterable<FlowChunk>;
  /** The traffic that any of these rules admitted, by peer, service and class. */
  visitTraffic(ruleIds: readonly string[], visit: (traffic: ClassifiedTraffic) => void): Promise<void>;
  close(): void;
}

/**
 * Opens an evidence file to judge its records again. Throws `E_STORE` when there is no such file, when it holds no model,
 * or when it was written with --no-flows.
 */
export async function openStoredRecords(path: string): Promise<StoredRecords> {
  const open = await openReadOnly(path);
  try {
    const { connection } = open;
    const models = await readModels(connection).catch((cause: unknown) => {
      throw new AppError("E_STORE", `${path} was written by a version that kept no model`, { hint: REPLAY, cause });
    });
    if (models.size === 0) {
      throw new AppError("E_STORE", `${path} holds no model: no replay had --model`, { hint: REPLAY });
    }
    const interfaces = await rows(connection, "select interface_id from interface_dim order by interface_idx");
    return {
      models,
      interfaceIds: interfaces.map(([id]) => String(id)),
      objects: await readObjects(connection),
      judgements: await readJudgements(connection),
      evidence: evidenceQueryOn(open),
      async *scan(table) {
        yield* scanFlows(await open.connect(), table);
      },
      visitTraffic: (ruleIds, visit) => visitTrafficClasses(open, ruleIds, visit),
      close: open.close,
    };
  } catch (error) {
    open.close();
    throw error;
  }
}

/** The configuration as it was last known: the newest snapshot of the newest run's model. */
export function newestSnapshot({ models }: StoredRecords): Snapshot | undefined {
  const newest = Math.max(...models.keys());
  return models.get(newest)?.snapshots.at(-1);
}

const REPLAY = "replay the logs with --model into a new file";

async function rows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

async function readObjects(connection: DuckDBConnection): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for (const [id, name, runId] of await rows(connection, "select object_id, source_object, run_id from objects")) {
    objects[Number(id)] = { name: String(name), runId: Number(runId) };
  }
  return objects;
}

async function readJudgements(connection: DuckDBConnection): Promise<StoredJudgement[]> {
  const judgements: StoredJudgement[] = [];
  const sql = `select judgement_id, action, direction, initiator, log_status, cause, sg_rule_ids, sg_possible_rule_ids
    from judgements`;
  for (const [id, action, direction, initiator, status, cause, rules, possible] of await rows(connection, sql)) {
    const actionBits = action === "ACCEPT" ? ACTION_ACCEPT : action === "REJECT" ? ACTION_REJECT : 0;
    const directionBits = direction === "ingress" ? DIRECTION_INGRESS : direction === "egress" ? DIRECTION_EGRESS : 0;
    const statusBits = status === "OK" ? 0 : STATUS_NODATA;
    judgements[Number(id)] = {
      action: action as StoredJudgement["action"],
      direction: direction as StoredJudgement["direction"],
      initiator: initiator as Initiator,
      outOfState: cause === "no_tracked_connection",
      rules: idsOf(rules),
      possibleRules: idsOf(possible),
      bits: actionBits | (directionBits << DIRECTION_SHIFT) | (statusBits << STATUS_SHIFT),
    };
  }
  return judgements;
}

function idsOf(list: unknown): readonly string[] {
  return list instanceof DuckDBListValue ? list.items.map(String) : [];
}

/** An evidence file with the configuration that its newest run judged with; null where no run had one. */
export interface Investigated {
  readonly evidence: EvidenceQuery;
  readonly model: Model | null;
  /** Keeps the rows of a SELECT as a table of this session, for later statements. The file stays as it is. */
  gather(table: string, sql: string, parameters: Parameters): Promise<void>;
}

/** Throws as `openEvidence` does. */
export async function openInvestigated(path: string): Promise<Investigated> {
  const open = await openReadOnly(path);
  try {
    const { connection } = open;
    return {
      evidence: evidenceQueryOn(open),
      model: await readNewestModel(connection),
      async gather(table, sql, parameters) {
        const statement = await connection.prepare(`create or replace temp table ${table} as ${sql}`);
        try {
          bindAll(statement, sql, parameters);
          await statement.run();
        } finally {
          statement.destroySync();
        }
      },
    };
  } catch (error) {
    open.close();
    throw error;
  }
}
