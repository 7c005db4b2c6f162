import { ByteDictionary } from "../../src/decode/dense/dictionary.ts";
import { FurtherSets } from "../../src/decode/dense/further-sets.ts";
import type { BadLine } from "../../src/decode/decoder.ts";
import { FlowBatch } from "../../src/decode/flow-batch.ts";
import { createTextDecoder } from "../../src/decode/text.ts";
import { createEvaluator, type Evaluator } from "../../src/evaluate/evaluator.ts";
import { TRAFFIC_SUMS, TRAFFIC_WORDS } from "../../src/evaluate/dense/traffic-table.ts";
import type { TrackerState } from "../../src/evaluate/conntrack/tracker-state.ts";
import { IPV4 } from "../../src/net/address.ts";
import { DEFAULT_TIMEOUTS, LONG_TCP_TIMEOUT } from "../../src/evaluate/conntrack/timeouts.ts";
import { type FlowRecord, type NamedJudgement, recordsOf } from "../../src/explain/trace.ts";
import { createInitiatorRules } from "../../src/evaluate/judge/initiator.ts";
import type { Judgement } from "../../src/judgement.ts";
import { createBatchLookup } from "../../src/evaluate/lookup/batch-lookup.ts";
import { createLookupTable } from "../../src/evaluate/lookup/policy-lookup.ts";
import { compileModel } from "../../src/policy/compile.ts";
import type { Model } from "../../src/model/model.ts";

export interface Judged {
  readonly record: FlowRecord;
  readonly judgement: NamedJudgement;
}

export interface FastRun {
  readonly judged: readonly Judged[];
  /** What connections used, by rules, interface, direction, protocol, port and peer: connections, replied, meaningful, packets, bytes, first, last. */
  readonly usage: ReadonlyMap<string, readonly number[]>;
}

/**
 * Runs text through the fast path in memory: tokeniser, batches, compiled policy, evaluator. Each of `segments` is judged
 * together; a segment may be several texts, each of which ends its batch (so that batch limits vary).
 */
export function judgeFast(
  model: Model,
  segments: readonly (readonly string[])[],
  fields?: readonly string[],
): Judged[] {
  const usage = new Map<string, number[]>();
  return judgeRun(model, segments, null, usage, fields).judged;
}

/** The same in several runs, each of which begins with what the one before exported, as a new process would. */
export function judgeInRuns(
  model: Model,
  runs: readonly (readonly (readonly string[])[])[],
  fields?: readonly string[],
): FastRun {
  const usage = new Map<string, number[]>();
  const judged: Judged[] = [];
  let state: TrackerState | null = null;
  for (const segments of runs) {
    const run = judgeRun(model, segments, state, usage, fields);
    judged.push(...run.judged);
    state = run.exportState();
  }
  return { judged, usage };
}

function judgeRun(
  model: Model,
  segments: readonly (readonly string[])[],
  state: TrackerState | null,
  usage: Map<string, number[]>,
  fields?: readonly string[],
): { judged: Judged[]; exportState(): TrackerState } {
  const policy = compileModel(model);
  const interfaces = new ByteDictionary(policy.interfaceIds);
  const accounts = new ByteDictionary();
  const table = createLookupTable();
  const lookup = createBatchLookup(policy, table, accounts.strings);
  const ports = createInitiatorRules(policy.namedPorts.tcp, policy.namedPorts.udp);
  const evaluator = createEvaluator(table, ports, policy.ruleIds, {
    roomForConnections: 1 << 8,
    insideBlocks: policy.insideBlocks,
    state,
    timeouts: {
      ...DEFAULT_TIMEOUTS,
      tcpEstablished: policy.snapshots.length > 1 ? LONG_TCP_TIMEOUT : DEFAULT_TIMEOUTS.tcpEstablished,
      ofInterface: policy.timeouts,
    },
  });
  const judged: Judged[] = [];
  for (const texts of segments) {
    const batches = texts.flatMap((text) => decode(text, interfaces, accounts, fields));
    const read = batches.map((batch) => {
      const lookups = new Uint32Array(batch.rows);
      lookup.lookUp(batch, lookups);
      return { batch, lookups };
    });
    const out = batches.map((batch) => new Uint32Array(batch.rows));
    for (const one of read) evaluator.observe(one);
    evaluator.judgeSegment(out);
    batches.forEach((batch, at) => {
      recordsOf(batch, interfaces.strings, accounts.strings).forEach((record, row) => {
        const judgement = evaluator.judgements[out[at][row] - evaluator.firstJudgement];
        judged.push({ record, judgement: named(judgement, policy.ruleIds, model) });
      });
    });
    addUsage(usage, evaluator, policy.ruleIds);
    evaluator.clearFacts();
  }
  return { judged, exportState: () => evaluator.exportState() };
}

function addUsage(usage: Map<string, number[]>, evaluator: Evaluator, ruleIds: readonly string[]): void {
  const { words, sums, rows } = evaluator.traffic;
  for (let row = 0; row < rows; row++) {
    const at = row * TRAFFIC_WORDS;
    const sum = row * TRAFFIC_SUMS;
    const [, eni, ruleSet, direction, protocol, port, family, peer, first, last] = words.subarray(at, at + 10);
    const { members } = evaluator.ruleSets[ruleSet - evaluator.firstRuleSet];
    const peerText = family === IPV4 ? peer : evaluator.addresses.words.slice(peer * 4, peer * 4 + 4).join(".");
    const names = members.map(({ rule, certain, credited, because }) =>
      [ruleIds[rule], certain, credited, because].join("/"),
    );
    const key = [names.sort().join(","), eni, direction, protocol, port, peerText].join(" ");
    const [connections, replied, meaningful, , packets, bytes, replyPackets, replyBytes] = sums.subarray(sum, sum + 8);
    const before = usage.get(key) ?? [0, 0, 0, 0, 0, 0, 0, Infinity, 0];
    const added = [connections, replied, meaningful, packets, bytes, replyPackets, replyBytes];
    usage.set(key, [
      ...added.map((one, place) => one + before[place]),
      Math.min(first, before[7]),
      Math.max(last, before[8]),
    ]);
  }
}

function decode(
  text: string,
  interfaces: ByteDictionary,
  accounts: ByteDictionary,
  fields: readonly string[] | undefined,
): FlowBatch[] {
  const batches: FlowBatch[] = [];
  const sink = {
    allocate: () => new FlowBatch(),
    batch: (batch: FlowBatch) => void batches.push(batch),
    badLine: (bad: BadLine) => {
      throw new Error(`bad line ${bad.line}: ${bad.reason}: ${bad.text}`);
    },
  };
  const decoder = createTextDecoder({ interfaces, accounts, further: new FurtherSets(), fields, sink });
  decoder.push(Buffer.from(text));
  decoder.finish();
  return batches;
}

/** A judgement with names for numbers; rules in the order of their ids. */
function named(judgement: Judgement, ruleIds: readonly string[], model: Model): NamedJudgement {
  const ids = (rules: readonly number[]): string[] => rules.map((rule) => ruleIds[rule]);
  const { direction, initiator, evidence, verdict, agreement, decidedBy, cause, layers } = judgement;
  return sorted({
    direction,
    initiator,
    evidence,
    verdict,
    agreement,
    decidedBy,
    cause,
    layers,
    naclRuleId: judgement.naclRule < 0 ? null : ruleIds[judgement.naclRule],
    sgRuleIds: ids(judgement.sgRules),
    sgPossibleIds: ids(judgement.sgPossible),
    snapshot: judgement.snapshot < 0 ? null : model.snapshots[judgement.snapshot].name,
  });
}

/** Rule lists as sets: their order means nothing. */
export function sorted(judgement: NamedJudgement): NamedJudgement {
  const set = (ids: readonly string[]): string[] => [...new Set(ids)].sort();
  return { ...judgement, sgRuleIds: set(judgement.sgRuleIds), sgPossibleIds: set(judgement.sgPossibleIds) };
}
