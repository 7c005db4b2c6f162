import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import type { BadLine } from "../decode/decoder.ts";
import { type BatchBuffers, batchOver } from "../decode/flow-batch.ts";
import type { RuleSet } from "../evaluate/facts/rule-sets.ts";
import type { StoredIdentities } from "../evaluate/duplicate-filter.ts";
import type { Judgement } from "../judgement.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { Model } from "../model/model.ts";
import { appendFurther, appendInterfaces, appendJudgements, appendRuleSets, replaceRules } from "./dimensions.ts";
import { allowMemory, useAllCores, type WritableFile } from "./create-file.ts";
import type { FactColumns } from "./columns.ts";
import { appendRows, type Cell, createFactRowWriter } from "./column-appender.ts";
import { createFlowRowWriter } from "./flow-rows.ts";
import { createQueryPool } from "./evidence-query.ts";
import { createIntervalLog, createRunRows, type FinishedObject, type RunEnd, type RunRecord } from "./run-rows.ts";
import { noteModel, packModel, storeModel, type PackedModel } from "./stored-models.ts";
import { appendTracker, readIdentities, replaceTracker, type StoredState, type TrackerFrame } from "./stored-state.ts";
import { writeError } from "./duckdb-errors.ts";

/** What is new since the last commit: names and judgements behind the numbers in the columns, in the order of their numbers. */
export interface Changes {
  readonly judgements: readonly Judgement[];
  readonly ruleSets: readonly RuleSet[];
  readonly interfaces: readonly string[];
  /** All accounts: judgements hold indexes into them. */
  readonly accounts: readonly string[];
  /** Sets of further fields (decode/further-fields.ts). */
  readonly further: readonly string[];
}

/** Buffers of a batch that has been written: its own and that of its judgements. */
export interface UsedBuffers {
  readonly batch: ArrayBuffer;
  readonly judgements: ArrayBuffer;
}

export interface WriterOptions {
  readonly model: Model | null;
  readonly policy: CompiledPolicy;
  /** `--no-flows`: sums only, no row per record. */
  readonly keepFlows: boolean;
  /** The file keeps the model and rules that it has: no record is judged under the given one. */
  readonly keepModel?: boolean;
}

/** The writing side of an evidence file; its methods are described in `openEvidenceWriter`. */
export type EvidenceWriter = Awaited<ReturnType<typeof openEvidenceWriter>>;

/**
 * Begins to write to an evidence file. Everything between two commits is one transaction: the records of an object and its
 * ledger entry arrive together or not at all. Calls are carried out one after the other, in the order in which they came.
 */
export async function openEvidenceWriter(
  { path, connection, connect, close }: WritableFile,
  state: StoredState,
  options: WriterOptions,
) {
  const flowRows = options.keepFlows ? createFlowRowWriter(connection) : null;
  const intervals = options.keepFlows ? null : createIntervalLog();
  const factRows = createFactRowWriter(connection);
  const { policy } = options;
  const policyNames = { ruleIds: policy.ruleIds, snapshots: policy.snapshots.map((snapshot) => snapshot.name) };
  // The model in its three states until it is stored: as it is, being packed, packed.
  let { model } = options;
  let packing: Promise<PackedModel> | null = null;
  let packed: PackedModel | null = null;
  const storePacked = async (): Promise<void> => {
    if (packed === null) return;
    const done = packed;
    packing = packed = null;
    await storeModel(connection, state.nextRun, done);
  };
  let inTransaction = false;
  let hasLittleRoom = false;
  const next = {
    judgement: state.nextJudgement,
    ruleSet: state.nextRuleSet,
    interface: policy.interfaceIds.length,
    further: state.nextFurther,
  };
  const runRows = createRunRows(connection, state.nextRun);

  const begin = async (): Promise<void> => {
    if (inTransaction) return;
    inTransaction = true;
    await connection.run("begin");
  };
  await begin();

  const methods = {
    async startRun(run: RunRecord): Promise<void> {
      await runRows.start(run);
      if (options.keepModel) {
        if (model) await noteModel(connection, state.nextRun, await packModel(model));
        model = null;
        return;
      }
      // All of this while the first logs are being read.
      packing = model ? packModel(model) : null;
      packing?.then(
        (done) => (packed = done),
        () => {},
      );
      if (model) await replaceRules(connection, model);
      const known = state.interfaceIds.length;
      await appendInterfaces(connection, policy.interfaceIds.slice(known), known, model);
      model = null;
    },
    /** Takes the buffers over; they come back when the batch is written. */
    async appendFlows(objectId: number, buffers: BatchBuffers, judgements: Uint32Array): Promise<UsedBuffers> {
      // As soon as the model is packed: that leaves less to do at the end.
      await storePacked();
      const batch = batchOver(buffers);
      intervals?.note(batch);
      flowRows?.append(objectId, batch, judgements);
      return { batch: batch.buffer, judgements: judgements.buffer as ArrayBuffer };
    },
    async appendFacts(facts: FactColumns): Promise<void> {
      factRows.append(facts);
    },
    async appendBadLines(objectId: number, bad: readonly BadLine[]): Promise<void> {
      if (bad.length === 0) return;
      const rows = bad.map((one): Cell[] => [
        objectId,
        one.line,
        one.reason,
        one.text,
        one.field ?? null,
        one.value ?? null,
      ]);
      await appendRows(connection, "bad_line_rows", "uu----", rows);
    },
    /** What identifies the records of these buckets, those included that were appended and not committed yet. */
    async identities(buckets: readonly number[]): Promise<StoredIdentities> {
      flowRows?.flush();
      return readIdentities(connection, buckets);
    },
    /** What comes before a commit: what has been appended goes to DuckDB, with the dimension rows that are new. */
    async prepare({ judgements, ruleSets, interfaces, accounts, further }: Changes): Promise<void> {
      if (hasLittleRoom) await allowMemory(connection, "full");
      hasLittleRoom = false;
      flowRows?.flush();
      await intervals?.store(connection);
      packed ??= await packing;
      await storePacked();
      await appendJudgements(connection, judgements, next.judgement, policyNames, accounts);
      await appendRuleSets(connection, ruleSets, next.ruleSet, policyNames);
      await appendInterfaces(connection, interfaces, next.interface, null);
      await appendFurther(connection, further, next.further);
      next.further += further.length;
      next.judgement += judgements.length;
      next.ruleSet += ruleSets.length;
      next.interface += interfaces.length;
    },
    /** Replaces the stored tracker; its entries follow by `appendTracker`, while others are being packed. */
    replaceTracker: (frame: TrackerFrame): Promise<void> => replaceTracker(connection, frame),
    appendTracker: (chunk: Uint8Array): Promise<void> => appendTracker(connection, chunk),
    /** Ends the transaction: the objects, and all that was appended and prepared. */
    async commit(finished: readonly FinishedObject[]): Promise<void> {
      await runRows.addObjects(finished);
      await connection.run("commit");
      inTransaction = false;
      await allowMemory(connection, "appending");
      hasLittleRoom = true;
      await begin();
    },
    /** The last commit: the same, and how the run ended. */
    async finishRun(finished: readonly FinishedObject[], end: RunEnd): Promise<void> {
      await runRows.addObjects(finished);
      await runRows.end(end);
      await useAllCores(connection);
      await connection.run("commit");
      inTransaction = false;
    },
    /** Ends; what was not committed is not in the file. */
    async close(): Promise<void> {
      const abandoned = inTransaction;
      try {
        // In this order: an appender that is closed while it holds rows writes them, transaction or not.
        flowRows?.discard();
        factRows.discard();
        if (abandoned) {
          await connection.run("rollback");
          await connection.run("checkpoint");
        }
      } catch (error) {
        // Why the run was abandoned is known already, and may be why it cannot be rolled back in good order.
        if (!abandoned) throw error;
      } finally {
        close();
      }
    },
  };
  return {
    ...oneAtATime(path, methods),
    /** SELECTs on what is committed, once the run is finished, several at a time: nobody has to open the file again. */
    query: createQueryPool(connection, connect, availableParallelism()),
  };
}

/** The same methods, each begun when the ones called before are done; what the system refuses to write is an `E_STORE`. */
function oneAtATime<T extends object>(path: string, methods: T): T {
  const queue = pLimit(1);
  const queued = Object.entries(methods).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => {
    const carryOut = async (args: readonly unknown[]): Promise<unknown> => {
      try {
        return await method(...args);
      } catch (error) {
        throw writeError(path, error);
      }
    };
    return [name, (...args: unknown[]) => queue(() => carryOut(args))];
  });
  return Object.fromEntries(queued) as T;
}
