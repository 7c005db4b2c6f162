import { availableParallelism } from "node:os";
import type { BadLine } from "../decode/decoder.ts";
import type { FlowBatch } from "../decode/flow-batch.ts";
import type { RuleSet } from "../evaluate/facts/rule-sets.ts";
import type { StoredIdentities } from "../evaluate/duplicates.ts";
import type { Judgement } from "../judgement.ts";
import type { CompiledPolicy } from "../policy/compile.ts";
import type { Model } from "../model/model.ts";
import { appendInterfaces, appendJudgements, appendRuleSets, replaceRules } from "./dimensions.ts";
import { allowMemory, useAllCores, type WritableFile } from "./create-file.ts";
import type { FactColumns } from "./fact-columns.ts";
import { appendRows, type Cell, createFactRowWriter } from "./column-appender.ts";
import { createFlowRowWriter } from "./flow-rows.ts";
import { createQueryPool } from "./query-pool.ts";
import type { Parameters, Result } from "./evidence-query.ts";
import { createIntervalLog, createRunRows, type FinishedObject, type RunEnd, type RunRecord } from "./run-rows.ts";
import { packModel, storeModel, type PackedModel } from "./stored-models.ts";
import {
  appendTracker,
  type LedgerEntry,
  readIdentities,
  replaceTracker,
  type StoredState,
  type TrackerFrame,
} from "./stored-state.ts";
import { withWriteErrors } from "./duckdb.ts";

/** What is new since the last commit: names and answers behind the numbers in the columns, in the order of their numbers. */
export interface Changes {
  readonly judgements: readonly Judgement[];
  readonly ruleSets: readonly RuleSet[];
  readonly interfaces: readonly string[];
  /** All accounts: judgements name them by place. */
  readonly accounts: readonly string[];
}

/** Buffers of a batch that has been written: its own and that of its judgements. */
export interface UsedBuffers {
  readonly batch: ArrayBuffer;
  readonly judgements: ArrayBuffer;
}

/**
 * The writing side of an evidence file. Everything between two commits is one transaction: the records of an object and
 * its ledger entry arrive together or not at all.
 */
export interface EvidenceWriter {
  /** Objects already ingested, by name. */
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  readonly objects: readonly LedgerEntry[];
  /** Action and log status of each judgement that was there before (stored-state.ts). */
  readonly answers: Uint8Array;
  /** Interfaces that have numbers once the run has started, in order. */
  readonly interfaceIds: readonly string[];
  readonly nextObjectId: number;
  readonly nextJudgement: number;
  readonly nextRuleSet: number;
  startRun(run: RunRecord): Promise<void>;
  /** Takes the batch over; its buffers come back when it is written. */
  appendFlows(objectId: number, batch: FlowBatch, judgements: Uint32Array): Promise<UsedBuffers>;
  appendFacts(facts: FactColumns): Promise<void>;
  appendBadLines(objectId: number, bad: readonly BadLine[]): Promise<void>;
  /** What identifies the records of these buckets, those included that were appended and not committed yet. */
  identities(buckets: readonly number[]): Promise<StoredIdentities>;
  /** What comes before a commit: what has been appended goes to DuckDB, with the dimension rows that are new. */
  prepare(changes: Changes): Promise<void>;
  /** Replaces the stored memory of connections; takes the entries one after the other, while others are being packed. */
  replaceTracker(frame: TrackerFrame): Promise<void>;
  appendTracker(chunk: Uint8Array): Promise<void>;
  /** Ends the transaction: the objects, and all that was appended and prepared. */
  commit(finished: readonly FinishedObject[]): Promise<void>;
  /** The last commit: the same, and how the run ended. */
  finishRun(finished: readonly FinishedObject[], end: RunEnd): Promise<void>;
  /** SELECTs on what is committed, once the run is finished, several at a time: nobody has to open the file again. */
  query(sql: string, parameters?: Parameters): Promise<Result>;
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly model: Model | null;
  readonly policy: CompiledPolicy;
  /** `--no-flows`: sums only, no row per record. */
  readonly keepFlows: boolean;
}

/** Opens an evidence file for a replay. */
export async function openEvidenceWriter(
  { path, connection, connect, close }: WritableFile,
  state: StoredState,
  options: WriterOptions,
): Promise<EvidenceWriter> {
  const flowRows = options.keepFlows ? createFlowRowWriter(connection) : null;
  const intervals = options.keepFlows ? null : createIntervalLog();
  const factRows = createFactRowWriter(connection);
  const { policy } = options;
  const policyNames = { ruleIds: policy.ruleIds, snapshots: policy.snapshots.map((snapshot) => snapshot.name) };
  // Until it is stored: as it is, being packed, packed.
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
  const next = { judgement: state.nextJudgement, ruleSet: state.nextRuleSet, interface: policy.interfaceIds.length };
  const runRows = createRunRows(connection, state.nextRun);

  const begin = async (): Promise<void> => {
    if (inTransaction) return;
    inTransaction = true;
    await connection.run("begin");
  };
  await begin();

  return withWriteErrors<EvidenceWriter>(path, {
    ledger: state.ledger,
    objects: state.objects,
    answers: state.answers,
    interfaceIds: policy.interfaceIds,
    nextObjectId: state.nextObject,
    nextJudgement: state.nextJudgement,
    nextRuleSet: state.nextRuleSet,
    async startRun(run) {
      await runRows.start(run);
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
    async appendFlows(objectId, batch, judgements) {
      // As soon as it is packed: there is less to do when all records are in.
      await storePacked();
      intervals?.note(batch);
      flowRows?.append(objectId, batch, judgements);
      return { batch: batch.buffer, judgements: judgements.buffer as ArrayBuffer };
    },
    appendFacts: async (facts) => factRows.append(facts),
    async appendBadLines(objectId, bad) {
      if (bad.length === 0) return;
      const rows = bad.map((one): Cell[] => [objectId, one.line, one.reason, one.text]);
      await appendRows(connection, "bad_line_rows", "uu--", rows);
    },
    async identities(buckets) {
      flowRows?.flush();
      return readIdentities(connection, buckets);
    },
    async prepare({ judgements, ruleSets, interfaces, accounts }) {
      if (hasLittleRoom) await allowMemory(connection, "full");
      hasLittleRoom = false;
      flowRows?.flush();
      await intervals?.store(connection);
      packed ??= await packing;
      await storePacked();
      await appendJudgements(connection, judgements, next.judgement, policyNames, accounts);
      await appendRuleSets(connection, ruleSets, next.ruleSet, policyNames);
      await appendInterfaces(connection, interfaces, next.interface, null);
      next.judgement += judgements.length;
      next.ruleSet += ruleSets.length;
      next.interface += interfaces.length;
    },
    replaceTracker: (frame) => replaceTracker(connection, frame),
    appendTracker: (chunk) => appendTracker(connection, chunk),
    async commit(finished) {
      await runRows.addObjects(finished);
      await connection.run("commit");
      inTransaction = false;
      await allowMemory(connection, "appending");
      hasLittleRoom = true;
      await begin();
    },
    async finishRun(finished, end) {
      await runRows.addObjects(finished);
      await runRows.end(end);
      await useAllCores(connection);
      await connection.run("commit");
      inTransaction = false;
    },
    query: createQueryPool(connection, connect, availableParallelism()),
    async close() {
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
  });
}
