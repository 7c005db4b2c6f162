import { WordMemo } from "../evaluate/dense/word-memo.ts";
import { type PolicyVerdict, policyVerdict } from "../evaluate/judge/policy-verdict.ts";
import { type BatchLookup, createBatchLookup } from "../evaluate/lookup/batch-lookup.ts";
import { createLookupTable, type LookupTable } from "../evaluate/lookup/policy-lookup.ts";
import type { Model } from "../model/model.ts";
import { compileModel } from "../policy/compile.ts";
import {
  type ChangedRules,
  changedRules,
  type Effect,
  effectOver,
  possibleInitiators,
  type UnsureCause,
} from "./effects.ts";
import type { StoredRecords, StoredJudgement } from "../store/stored-records.ts";
import type { FlowChunk } from "../store/stored-flows.ts";

/** The result for a record; many records share an outcome. */
export interface Outcome {
  readonly effect: Effect;
  /** Of `may_break` and `unsure`. */
  readonly cause: UnsureCause | null;
  readonly before: NamedVerdict;
  readonly after: NamedVerdict;
  readonly judgement: StoredJudgement;
}

/** A verdict with rule ids instead of numbers. */
interface NamedVerdict extends Pick<PolicyVerdict, "verdict" | "decidedBy"> {
  /** The deciding rules: for an allow, all group rules that admit and the network ACL entry; for a deny, the entry. */
  readonly ruleIds: readonly string[];
  /** The same by layer, for any verdict: group rules that admit (or may admit), and the network ACL entry that applied. */
  readonly groupRuleIds: readonly string[];
  readonly entryIds: readonly string[];
}

/** The records of a chunk with their outcomes: `outcomes[outcome[row]]`. */
export interface Compared {
  readonly chunk: FlowChunk;
  readonly outcome: Uint32Array;
  readonly outcomes: readonly Outcome[];
}

interface Judged {
  readonly lookup: BatchLookup;
  readonly table: LookupTable;
  readonly ruleIds: readonly string[];
  readonly out: Uint32Array;
}

const NO_MODEL: Model = { snapshots: [], notes: [] };
const ROWS = 2048;

/**
 * Judges stored records under two configurations. `propose` makes the other one from the one that each record was judged with.
 * A result is valid until the next chunk.
 */
export function createComparison(
  stored: StoredRecords,
  propose: (inForce: Model) => Model,
): (chunk: FlowChunk) => Compared {
  const judged = (model: Model): Judged => {
    const policy = compileModel(model, stored.interfaceIds);
    const table = createLookupTable();
    return { lookup: createBatchLookup(policy, table), table, ruleIds: policy.ruleIds, out: new Uint32Array(ROWS) };
  };
  // Every proposal is made before the first record, so that an error in it shows at once.
  const models = new Set([...stored.models.values(), NO_MODEL]);
  const sides = new Map(
    [...models].map((model, number) => {
      const proposed = model === NO_MODEL ? model : propose(model);
      const changed = changedRules(model, proposed);
      return [model, { before: judged(model), after: judged(proposed), changed, number }];
    }),
  );

  const outcomes: Outcome[] = [];
  const memo = new WordMemo(4);
  const outcome = new Uint32Array(ROWS);

  const comparePart = (chunk: FlowChunk, model: Model, from: number, to: number): void => {
    const { before, after, changed, number } = sides.get(model)!;
    const { key } = memo;
    for (let row = from; row < to; row++) {
      key[0] = before.out[row];
      key[1] = after.out[row];
      key[2] = chunk.judgement[row];
      key[3] = number;
      let id = memo.find();
      if (id < 0) {
        id = outcomes.length;
        outcomes.push(outcomeOf(stored.judgements[chunk.judgement[row]]!, before, after, changed, row));
        memo.add(id);
      }
      outcome[row] = id;
    }
  };

  return (chunk) => {
    const { batch, judgement, objectId } = chunk;
    for (let row = 0; row < batch.rows; row++) batch.bits[row] |= stored.judgements[judgement[row]]!.bits;
    for (let from = 0; from < batch.rows;) {
      const model = modelOf(stored, objectId[from]);
      let to = from + 1;
      while (to < batch.rows && (objectId[to] === objectId[from] || modelOf(stored, objectId[to]) === model)) to++;
      // Chunks with objects of several models are rare, so the whole chunk is read for each model.
      const { before, after } = sides.get(model)!;
      before.lookup.lookUp(batch, before.out);
      after.lookup.lookUp(batch, after.out);
      comparePart(chunk, model, from, to);
      from = to;
    }
    return { chunk, outcome, outcomes };
  };
}

function modelOf(stored: StoredRecords, objectId: number): Model {
  return stored.models.get(stored.objects[objectId]?.runId ?? -1) ?? NO_MODEL;
}

function outcomeOf(
  judgement: StoredJudgement,
  before: Judged,
  after: Judged,
  changed: ChangedRules,
  row: number,
): Outcome {
  const worlds = possibleInitiators(judgement, changed).map((initiator) => {
    const known = { initiator, outOfState: judgement.outOfState };
    const was = policyVerdict(before.table, before.out[row], known);
    const is = policyVerdict(after.table, after.out[row], known);
    return { was, is, wasRules: sideOf(was, before.ruleIds).groupRuleIds };
  });
  const effect = effectOver(judgement, worlds, changed);
  const [{ was, is }] = worlds;
  const named = sideOf(was, before.ruleIds);
  // What is unsure hangs on the changed rules of every world.
  const groupRuleIds =
    effect.effect === "unsure"
      ? [...new Set([...worlds.flatMap(({ wasRules }) => wasRules), ...judgement.possibleRules])]
          .filter((id) => changed.ids.has(id))
          .sort()
      : named.groupRuleIds;
  return { ...effect, before: { ...named, groupRuleIds }, after: sideOf(is, after.ruleIds), judgement };
}

function sideOf(one: PolicyVerdict, ruleIds: readonly string[]): NamedVerdict {
  const entryIds = one.naclRule < 0 ? [] : [ruleIds[one.naclRule]];
  const groups = one.verdict === "undecided" && one.sgRules.length === 0 ? one.sgPossible : one.sgRules;
  const groupRuleIds = groups.map((rule) => ruleIds[rule]).sort();
  const byEntry = one.decidedBy === "nacl_in" || one.decidedBy === "nacl_out";
  const deciding = one.verdict === "deny" ? (byEntry ? entryIds : []) : [...groupRuleIds, ...entryIds];
  return { verdict: one.verdict, decidedBy: one.decidedBy, ruleIds: deciding, groupRuleIds, entryIds };
}
