import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { BadLine, FlowBatch } from "../decode/flow-batch.ts";
import { AppError } from "../errors.ts";
import type { RuleSet } from "../evaluate/evaluator.ts";
import type { Judgement } from "../evaluate/judgement.ts";
import type { TrackerState } from "../evaluate/state.ts";
import type { Model } from "../policy/model.ts";
import { appendInterfaces, appendJudgements, appendRuleSets, type PolicyNames, replaceRules } from "./dimensions.ts";
import { createFactRowWriter, type FactColumns } from "./fact-rows.ts";
import { createFlowRowWriter } from "./flow-rows.ts";
import { packModel, storeModel, type PackedModel } from "./stored-models.ts";
import { appendRows, type Cell } from "./rows.ts";
import { SCHEMA_VERSION, TABLES, VIEWS } from "./schema.ts";
import { loadTracker, saveTracker } from "./tracker-rows.ts";
import { USAGE_VIEWS } from "./usage-views.ts";

/** An object of the ledger. `objectId` is its number in the tables. */
export interface LedgerEntry {
  readonly objectId: number;
  readonly etag: string | null;
  readonly size: number | null;
}

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

/** What is new since the last commit: names and answers behind the numbers in the columns, in the order of their numbers. */
export interface Changes {
  readonly judgements: readonly Judgement[];
  readonly ruleSets: readonly RuleSet[];
  readonly interfaces: readonly string[];
  /** All accounts: judgements name them by place. */
  readonly accounts: readonly string[];
  readonly tracker: TrackerState;
}

/** Buffers of a batch that has been written: its own and that of its judgements. */
export interface UsedBuffers {
  readonly batch: ArrayBuffer;
  readonly judgements: ArrayBuffer;
}

export interface RunRecord {
  readonly startedAt: Date;
  readonly arguments: string;
  readonly model: string | null;
  readonly modelHash: string | null;
  readonly toolVersion: string;
}

/**
 * The writing side of an evidence file. Everything between two commits is one transaction: the records of an object and
 * its ledger entry arrive together or not at all.
 */
export interface EvidenceWriter {
  /** Objects already ingested, by name. */
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** Interfaces that already have numbers, in order. */
  readonly interfaceIds: readonly string[];
  readonly nextObjectId: number;
  readonly nextJudgement: number;
  readonly nextRuleSet: number;
  startRun(run: RunRecord): Promise<void>;
  /** Takes the batch over; its buffers come back when it is written. */
  appendFlows(objectId: number, batch: FlowBatch, judgements: Uint32Array): Promise<UsedBuffers>;
  appendFacts(facts: FactColumns): Promise<void>;
  appendBadLines(objectId: number, bad: readonly BadLine[]): Promise<void>;
  /** Ends the transaction: dimension rows that are new since the last commit, the objects, and all appended records. */
  commit(finished: readonly FinishedObject[], changes: Changes): Promise<void>;
  finishRun(state: "complete" | "interrupted", totals: { retries: number; evicted: number }): Promise<void>;
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly model: Model | null;
  readonly policy: PolicyNames | null;
  /** `--no-flows`: sums only, no row per record. */
  readonly keepFlows: boolean;
}

/** A connection to an evidence file that may be written; made when there is none. Throws `E_STORE`. */
export async function openForWriting(path: string): Promise<{ connection: DuckDBConnection; close(): void }> {
  if (!existsSync(path)) await createFile(path);
  const { connection, close } = await connect(path, path);
  try {
    await requireSchema(connection, path);
    // One checkpoint at the end writes less than many on the way.
    await connection.run("set checkpoint_threshold = '16GB'");
    return { connection, close };
  } catch (error) {
    close();
    throw error;
  }
}

async function connect(file: string, shown: string): Promise<{ connection: DuckDBConnection; close(): void }> {
  try {
    const instance = await DuckDBInstance.create(file, {
      threads: String(availableParallelism()),
      memory_limit: "512MB",
      autoload_known_extensions: "false",
      autoinstall_known_extensions: "false",
    });
    const connection = await instance.connect();
    await connection.run("set timezone = 'UTC'");
    return {
      connection,
      close: () => {
        connection.closeSync();
        instance.closeSync();
      },
    };
  } catch (error) {
    throw openError(shown, error);
  }
}

/** Makes an empty evidence file beside its place and moves it there: a run that is killed leaves no half-made file. */
async function createFile(path: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    const { connection, close } = await connect(unfinished, path);
    try {
      await createSchema(connection);
      await connection.run("checkpoint");
    } finally {
      close();
    }
    publish(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
    rmSync(`${unfinished}.wal`, { force: true });
  }
}

/** Gives the file its name unless another run was first: a rename would replace the file that run is writing to. */
function publish(unfinished: string, path: string): void {
  try {
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    // A file system without hard links.
    if (!existsSync(path)) renameSync(unfinished, path);
  }
}

async function createSchema(connection: DuckDBConnection): Promise<void> {
  await connection.run("begin");
  await connection.run(TABLES);
  await connection.run(VIEWS + USAGE_VIEWS);
  await connection.run(`insert into schema_info values (${SCHEMA_VERSION}, null)`);
  await connection.run("commit");
}

async function requireSchema(connection: DuckDBConnection, path: string): Promise<void> {
  const found = await connection
    .runAndReadAll("select version from main.schema_info")
    .then((reader) => reader.getRows()[0]?.[0])
    .catch(() => undefined);
  if (found === SCHEMA_VERSION) return;
  const what =
    found === undefined
      ? "is a database, but not an evidence file"
      : `has evidence schema ${String(found)}, this version writes ${SCHEMA_VERSION}`;
  throw new AppError("E_STORE", `${path} ${what}`, { hint: "name another file with --db" });
}

function openError(path: string, error: unknown): AppError {
  const reason = (error instanceof Error ? error.message.split("\n", 1)[0] : String(error)).replace(
    `${path}.${process.pid}.new`,
    path,
  );
  if (/lock/i.test(reason)) {
    return new AppError("E_STORE", `${path} is in use by another process`, {
      hint: "wait for the other replay to end, or write to another file with --db",
      cause: error,
    });
  }
  return new AppError("E_STORE", `cannot write ${path}: ${reason}`, {
    hint: "check that its folder exists, has room, and that the file was made by flowreplay",
    cause: error,
  });
}

/** Opens an evidence file for a replay. */
export async function openEvidenceWriter(
  connection: DuckDBConnection,
  close: () => void,
  state: StoredState,
  options: WriterOptions,
): Promise<EvidenceWriter> {
  const flowRows = options.keepFlows ? createFlowRowWriter(connection) : null;
  const factRows = createFactRowWriter(connection);
  const { model, policy } = options;
  const runId = state.nextRun;
  let packed: Promise<PackedModel> | null = null;
  let inTransaction = false;
  const next = { judgement: state.nextJudgement, ruleSet: state.nextRuleSet, interface: state.interfaceIds.length };
  let totals = { records: 0, badLines: 0, objects: 0 };

  const begin = async (): Promise<void> => {
    if (inTransaction) return;
    inTransaction = true;
    await connection.run("begin");
  };
  await begin();

  return {
    ledger: state.ledger,
    interfaceIds: state.interfaceIds,
    nextObjectId: state.nextObject,
    nextJudgement: state.nextJudgement,
    nextRuleSet: state.nextRuleSet,
    async startRun(run) {
      const empty = [null, "running", run.arguments, run.model, run.modelHash, 0, 0, 0, 0, 0];
      await appendRows(connection, "runs", "u-------bbbbb", [[runId, run.toolVersion, run.startedAt, ...empty]]);
      if (model) await replaceRules(connection, model);
      // Packed while the logs are being read.
      packed = model ? packModel(model) : null;
      packed?.catch(() => {});
    },
    async appendFlows(objectId, batch, judgements) {
      flowRows?.append(objectId, batch, judgements);
      return { batch: batch.buffer, judgements: judgements.buffer as ArrayBuffer };
    },
    appendFacts: async (facts) => factRows.append(facts),
    async appendBadLines(objectId, bad) {
      if (bad.length === 0) return;
      const rows = bad.map((one): Cell[] => [objectId, one.line, one.reason, one.text]);
      await appendRows(connection, "bad_line_rows", "uu--", rows);
    },
    async commit(finished, { judgements, ruleSets, interfaces, accounts, tracker }) {
      flowRows?.flush();
      factRows.flush();
      if (packed) await storeModel(connection, runId, await packed);
      packed = null;
      await appendJudgements(connection, judgements, next.judgement, policy, accounts);
      if (policy) await appendRuleSets(connection, ruleSets, next.ruleSet, policy);
      await appendInterfaces(connection, interfaces, next.interface, model);
      next.judgement += judgements.length;
      next.ruleSet += ruleSets.length;
      next.interface += interfaces.length;
      await saveTracker(connection, tracker);
      await appendRows(
        connection,
        "objects",
        "u--b-bb--buu-",
        finished.map((object) => objectRow(object, runId)),
      );
      totals = finished.reduce(
        (sum, one) => ({
          records: sum.records + one.records,
          badLines: sum.badLines + one.badLines,
          objects: sum.objects + 1,
        }),
        totals,
      );
      await connection.run("commit");
      inTransaction = false;
      await begin();
    },
    async finishRun(runState, { retries, evicted }) {
      await connection.run(
        `update runs set finished_at = $finished, state = $state, records = $records, bad_lines = $bad, objects = $objects,
           evicted_connections = $evicted, retries = $retries where run_id = $run`,
        {
          finished: new Date().toISOString().replace("T", " ").replace("Z", ""),
          state: runState,
          records: totals.records,
          bad: totals.badLines,
          objects: totals.objects,
          evicted,
          retries,
          run: runId,
        },
      );
      await connection.run("commit");
      inTransaction = false;
    },
    async close() {
      if (inTransaction) await connection.run("rollback");
      flowRows?.close();
      factRows.close();
      await connection.run("checkpoint");
      close();
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
