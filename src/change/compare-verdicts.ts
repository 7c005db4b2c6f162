import { WordMemo } from "../evaluate/dense/word-memo.ts";
import { type PolicyVerdict, policyVerdict } from "../evaluate/judge/policy-verdict.ts";
import { type BatchLookup, createBatchLookup } from "../evaluate/lookup/batch-lookup.ts";
import { createLookupTable, type LookupTable } from "../evaluate/lookup/policy-lookup.ts";
import type { Model } from "../model/model.ts";
import { compileModel } from "../policy/compile.ts";
import type { StoredRecords, StoredJudgement } from "../store/stored-records.ts";
import type { FlowChunk } from "../store/stored-flows.ts";

/**
 * What a proposal does to a record, given what was logged:
 *   breaks    accepted traffic that would be denied
 *   opens     rejected traffic that would be accepted
 *   agrees    the verdict changes to what was logged anyway (a late packet, a rule that the model lacked)
 *   same      no change
 *   may_break accepted traffic that the model in force cannot decide (ICMP types) and the proposal certainly denies
 *   doubtful  any other record undecided before or after, or that straddles a change of the configuration
 *   unknown   the proposal does not have the interface
 */
export type Effect = (typeof EFFECTS)[number];
export const EFFECTS = ["same", "breaks", "opens", "agrees", "may_break", "doubtful", "unknown"] as const;

/** The result for a record; many records share an outcome. */
export interface Outcome {
  readonly effect: Effect;
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
      return [model, { before: judged(model), after: judged(proposed), number }];
    }),
  );

  const outcomes: Outcome[] = [];
  const memo = new WordMemo(4);
  const outcome = new Uint32Array(ROWS);

  const comparePart = (chunk: FlowChunk, model: Model, from: number, to: number): void => {
    const { before, after, number } = sides.get(model)!;
    const { key } = memo;
    for (let row = from; row < to; row++) {
      key[0] = before.out[row];
      key[1] = after.out[row];
      key[2] = chunk.judgement[row];
      key[3] = number;
      let id = memo.find();
      if (id < 0) {
        id = outcomes.length;
        outcomes.push(outcomeOf(stored.judgements[chunk.judgement[row]]!, before, after, row));
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

function outcomeOf(judgement: StoredJudgement, before: Judged, after: Judged, row: number): Outcome {
  const was = policyVerdict(before.table, before.out[row], judgement);
  const is = policyVerdict(after.table, after.out[row], judgement);
  return {
    effect: effectOf(judgement, was, is),
    before: sideOf(was, before.ruleIds),
    after: sideOf(is, after.ruleIds),
    judgement,
  };
}

function effectOf({ action }: StoredJudgement, was: PolicyVerdict, is: PolicyVerdict): Effect {
  if (was.unmodelled || action === null) return "same";
  if (is.unmodelled) return "unknown";
  if (was.verdict === is.verdict) return "same";
  if (was.verdict === "undecided" && is.verdict === "deny" && action === "ACCEPT") return "may_break";
  if (was.verdict === "undecided" || is.verdict === "undecided") return "doubtful";
  if (action === "ACCEPT") return is.verdict === "deny" ? "breaks" : "agrees";
  return is.verdict === "allow" ? "opens" : "agrees";
}

function sideOf(one: PolicyVerdict, ruleIds: readonly string[]): NamedVerdict {
  const entryIds = one.naclRule < 0 ? [] : [ruleIds[one.naclRule]];
  const groups = one.verdict === "undecided" && one.sgRules.length === 0 ? one.sgPossible : one.sgRules;
  const groupRuleIds = groups.map((rule) => ruleIds[rule]).sort();
  const byEntry = one.decidedBy === "nacl_in" || one.decidedBy === "nacl_out";
  const deciding = one.verdict === "deny" ? (byEntry ? entryIds : []) : [...groupRuleIds, ...entryIds];
  return { verdict: one.verdict, decidedBy: one.decidedBy, ruleIds: deciding, groupRuleIds, entryIds };
}
