import { BATCH_ROWS } from "../decode/flow-batch.ts";
import { countPings, createOpeningMatches } from "./judge/opening-match.ts";
import { createConnectionTable } from "./conntrack/connections.ts";
import { createActivityCollector, type ActivityFacts } from "./facts/activity.ts";
import { createTrafficCollector, type TrafficFacts } from "./facts/traffic.ts";
import { createEndpointFanIn } from "./conntrack/endpoint-fan-in.ts";
import { DEFAULT_TIMEOUTS, evictAddresses, evictConnections, type IdleTimeouts } from "./conntrack/timeouts.ts";
import { decideInitiators, type InitiatorRules } from "./judge/initiator.ts";
import type { Judgement } from "../judgement.ts";
import { createJudgementTable } from "./judge/judgement-table.ts";
import { splitIdleConnections, type Observation, observe } from "./conntrack/observe.ts";
import type { LookedUpBatch, LookupTable } from "./lookup/policy-lookup.ts";
import { createLookupColumns } from "./lookup/lookup-columns.ts";
import { attachRejected } from "./judge/rejected-records.ts";
import { createRuleSets, type RuleSet, type StoredRuleSet } from "./facts/rule-sets.ts";
import { type AddressPool, createAddressPool } from "./conntrack/address-pool.ts";
import { exportState, importState, type TrackerState } from "./conntrack/state.ts";
import { createSegmentDeltas } from "./conntrack/segment-deltas.ts";
import { reportUsage } from "./facts/usage.ts";
import { createRowJudge } from "./judge/row-judge.ts";

export interface Evaluator {
  /** Takes in the next batch of a segment, as it comes: what its accepted records show of connections. */
  observe(read: LookedUpBatch): void;
  /**
   * EndpointFanIn a segment: judges the records of all batches since the last one together, so that what any of them shows of a
   * connection serves all of them. Writes the judgement of each row to `out[i][row]` for batch i, and adds to `activity`
   * and `traffic`. `judged` is told of each batch that is done with, which may then go elsewhere.
   */
  judgeSegment(out: readonly Uint32Array[], judged?: (batch: number) => void): void;
  readonly judgements: readonly Judgement[];
  /** Number of the first of `judgements`, and of the first of `ruleSets`: an evidence file already has those before. */
  readonly firstJudgement: number;
  readonly firstRuleSet: number;
  /** Rule sets by number: places in `ruleIds`; `certain` is false for rules that only may have admitted the traffic. */
  readonly ruleSets: readonly RuleSet[];
  /** Sums over the segments since `clearFacts`; `traffic` names IPv6 peers by their numbers in `addresses`. */
  readonly activity: ActivityFacts;
  readonly traffic: TrafficFacts;
  readonly addresses: AddressPool;
  /** Begins the sums anew, once they have been taken. */
  clearFacts(): void;
  /** The memory of open connections, for the next run, without the idle ones. Call it between segments. */
  exportState(): TrackerState;
  /** Connections dropped before their time because there were too many. */
  readonly evicted: number;
}

export interface EvaluatorOptions {
  /** Connections kept from one segment to the next at the most. */
  readonly mostConnections?: number;
  /** Connections there is room for at the start. */
  readonly roomForConnections?: number;
  readonly timeouts?: IdleTimeouts;
  /** Memory of an earlier run. */
  readonly state?: TrackerState | null;
  readonly firstJudgement?: number;
  readonly firstRuleSet?: number;
  /** Rule sets of earlier runs. */
  readonly storedRuleSets?: readonly StoredRuleSet[];
}

/** The second half of the evaluator: connections, initiators, judgements and usage. Readings come from `table`. */
export function createEvaluator(
  table: LookupTable,
  rules: InitiatorRules,
  ruleIds: readonly string[],
  options: EvaluatorOptions = {},
): Evaluator {
  const { mostConnections = 1_000_000, timeouts = DEFAULT_TIMEOUTS, firstJudgement = 0, firstRuleSet = 0 } = options;
  const room = options.roomForConnections ?? 1 << 20;
  const connections = createConnectionTable(room);
  const addresses = createAddressPool();
  const activity = createActivityCollector();
  const traffic = createTrafficCollector(room / 4);
  const ruleSets = createRuleSets(table, firstRuleSet, options.storedRuleSets ?? [], ruleIds);
  const columns = createLookupColumns(table, ruleSets);
  const admissions = createOpeningMatches(table, connections, columns);
  const { judgements, judgementOf } = createJudgementTable(table, firstJudgement, admissions);
  const rows = createRowJudge({ table, rules, connections, addresses, columns, admissions, judgementOf });
  const touched = createSegmentDeltas();
  const ends = createEndpointFanIn();
  let evicted = 0;
  let kept = 0;
  let now = 0;
  let segment: LookedUpBatch[] = [];
  const into: Observation = { connections, pool: addresses, timeouts, touched, carried: 0, pings: [], apart: [] };
  // Reused from segment to segment: the entry of each row.
  const entries: Int32Array[] = [];

  if (options.state) {
    const index = new Map(ruleIds.map((id, at) => [id, at]));
    importState(options.state, connections, addresses, table, index);
    now = options.state.now;
    kept = connections.size;
  }

  return {
    judgements,
    firstJudgement,
    firstRuleSet,
    ruleSets: ruleSets.list,
    addresses,
    get activity() {
      return activity.facts;
    },
    get traffic() {
      return traffic.facts;
    },
    get evicted() {
      return evicted;
    },
    exportState() {
      // What the next run would begin with is what this one goes on with: the evidence is the same wherever a run ends.
      evicted += evictConnections(connections, mostConnections, now, timeouts);
      kept = connections.size;
      return exportState(connections, addresses, table, ruleIds, now);
    },
    clearFacts() {
      activity.clear();
      traffic.clear();
      // Only now: the sums named addresses by their numbers.
      evictAddresses(connections, addresses);
    },
    observe(read) {
      connections.link();
      columns.learn();
      const at = segment.push(read) - 1;
      if (at === 0) into.carried = connections.size;
      if (at === entries.length) entries.push(new Int32Array(BATCH_ROWS));
      observe(read, at, columns.direction, entries[at], into);
    },
    judgeSegment(out, judged) {
      splitIdleConnections(segment, columns.direction, entries, into);
      const observed = segment.map((read, at) => ({ ...read, entries: entries[at] }));
      attachRejected(observed, columns.direction, connections, addresses, timeouts, touched);
      countPings(touched, into.pings);
      now = Math.max(now, typicalStart(segment));
      decideInitiators(connections, touched, rules, columns.initiator, ends);
      rows.beginSegment();
      segment.forEach(({ batch, lookups }, at) => {
        rows.judge(batch, lookups, entries[at], out[at]);
        activity.add(batch, out[at]);
        judged?.(at);
      });
      reportUsage(connections, touched, columns, traffic);
      touched.clear(connections.words);
      segment = [];
      into.pings.length = 0;
      into.apart.length = 0;
      // Forgetting costs a pass over everything remembered: it waits until half of that may be idle.
      if (connections.size <= Math.min(Math.max(400_000, kept * 2), mostConnections * 1.5)) return;
      evicted += evictConnections(connections, mostConnections, now, timeouts);
      kept = connections.size;
    },
  };
}

/** Median start of a sample of the segment: one record with a time far ahead must not make every connection old. */
function typicalStart(segment: readonly LookedUpBatch[]): number {
  const sample = segment.flatMap(({ batch }) => {
    const step = Math.max(1, Math.floor(batch.rows / 64));
    return Array.from({ length: Math.floor(batch.rows / step) }, (_, at) => batch.start[at * step]);
  });
  return sample.sort((a, b) => a - b)[sample.length >> 1] ?? 0;
}
