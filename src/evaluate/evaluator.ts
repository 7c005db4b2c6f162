import { BATCH_ROWS } from "../decode/flow-batch.ts";
import type { Judgement } from "../judgement.ts";
import type { Prefix } from "../net/address.ts";
import { EndpointFanIn } from "./conntrack/endpoint-fan-in.ts";
import { evictAddresses, evictConnections } from "./conntrack/eviction.ts";
import { type Observation, observe, splitIdleConnections } from "./conntrack/observe.ts";
import { countPings } from "./conntrack/openings.ts";
import { DEFAULT_TIMEOUTS, type IdleTimeouts } from "./conntrack/timeouts.ts";
import { hasUnsettled, settleSides } from "./conntrack/own-addresses.ts";
import { exportState, importState, type TrackerState } from "./conntrack/tracker-state.ts";
import { AddressPool } from "./dense/address-pool.ts";
import { ConnectionTable } from "./dense/connection-table.ts";
import { SegmentDeltas } from "./dense/segment-deltas.ts";
import { TrafficTable } from "./dense/traffic-table.ts";
import { type ActivityFacts, createActivityCollector } from "./facts/activity.ts";
import { reportOpenRows } from "./facts/open-rows.ts";
import { createRuleSets, type RuleSet, type StoredRuleSet } from "./facts/rule-sets.ts";
import { createRealUseTest } from "./facts/real-use.ts";
import { reportUsage } from "./facts/usage.ts";
import { decideInitiators, type InitiatorRules } from "./judge/initiator.ts";
import { createJudgementTable } from "./judge/judgement-table.ts";
import { createOpeningMatches } from "./judge/opening-match.ts";
import { attachRejected } from "./judge/rejected-records.ts";
import { createRowJudge } from "./judge/row-judge.ts";
import { createLookupColumns } from "./lookup/lookup-columns.ts";
import type { LookedUpBatch, LookupTable } from "./lookup/policy-lookup.ts";

export interface Evaluator {
  /** Takes the next batch of a segment and enters its accepted records into the connection table. */
  observe(read: LookedUpBatch): void;
  /**
   * Ends a segment: judges all batches since the last call together, so that whatever one record shows of a connection
   * serves all of its records. Writes the number of each row's judgement to `out[i][row]` for batch i, and adds to
   * `activity` and `traffic`. Calls `judged` when a batch is done and may be passed on.
   */
  judgeSegment(out: readonly Uint32Array[], judged?: (batch: number) => void): void;
  readonly judgements: readonly Judgement[];
  /** Numbers of the first of `judgements` and of `ruleSets`: an evidence file already has those before. */
  readonly firstJudgement: number;
  readonly firstRuleSet: number;
  readonly ruleSets: readonly RuleSet[];
  /** Sums over the segments since `clearFacts`; `traffic` names IPv6 peers by their numbers in `addresses`. */
  readonly activity: ActivityFacts;
  readonly traffic: Pick<TrafficTable, "rows" | "words" | "sums">;
  readonly addresses: AddressPool;
  /** Sets the sums to zero. */
  clearFacts(): void;
  /** The memory of open connections for the next run, without idle ones. Call it between segments. */
  exportState(): TrackerState;
  /** Connections dropped early because too many were open at once. */
  readonly evicted: number;
}

export interface EvaluatorOptions {
  /** Connections kept from one segment to the next, at most. */
  readonly mostConnections?: number;
  /** Initial room for connections. */
  readonly roomForConnections?: number;
  readonly timeouts?: IdleTimeouts;
  /** Blocks of addresses that are inside the network: between them any completed TCP connection is real use. */
  readonly insideBlocks?: readonly Prefix[];
  /** Memory of an earlier run. */
  readonly state?: TrackerState | null;
  readonly firstJudgement?: number;
  readonly firstRuleSet?: number;
  /** Rule sets of earlier runs. */
  readonly storedRuleSets?: readonly StoredRuleSet[];
}

/**
 * Second half of the evaluator. The first half, `BatchLookup`, gave each row its policy lookup in `table`; this half adds
 * what the records show of connections. `ruleIds` are the ids behind the rule indices of `table`.
 */
export function createEvaluator(
  table: LookupTable,
  rules: InitiatorRules,
  ruleIds: readonly string[],
  options: EvaluatorOptions = {},
): Evaluator {
  const { mostConnections = 1_000_000, timeouts = DEFAULT_TIMEOUTS, firstJudgement = 0, firstRuleSet = 0 } = options;
  const room = options.roomForConnections ?? 1 << 20;
  const connections = new ConnectionTable(room);
  const addresses = new AddressPool();
  const deltas = new SegmentDeltas();
  const fanIn = new EndpointFanIn();
  const activity = createActivityCollector();
  const traffic = new TrafficTable(room / 4);
  const ruleSets = createRuleSets(table, firstRuleSet, options.storedRuleSets ?? [], ruleIds);
  const columns = createLookupColumns(table, ruleSets);
  const openings = createOpeningMatches(table, connections, columns);
  const { judgements, judgementOf } = createJudgementTable(table, firstJudgement, openings);
  const rows = createRowJudge({ table, rules, connections, deltas, addresses, columns, openings, judgementOf });
  const isRealUse = createRealUseTest(options.insideBlocks ?? [], addresses);
  const into: Observation = { connections, addresses, timeouts, deltas, carried: 0, pings: [], apart: [] };
  let segment: LookedUpBatch[] = [];
  /** Batches that wait for the whole segment, which may tell the sides of their rows. */
  let waiting: number[] = [];
  /** The entry of each row, by batch; reused in the next segment. */
  const entries: Int32Array[] = [];
  let now = 0;
  let keptConnections = 0;
  let evicted = 0;

  const evictIdle = (): void => {
    evicted += evictConnections(connections, mostConnections, now, timeouts);
    keptConnections = connections.size;
  };

  if (options.state) {
    importState(options.state, connections, addresses, table, new Map(ruleIds.map((id, index) => [id, index])));
    now = options.state.now;
    keptConnections = connections.size;
  }

  return {
    judgements,
    firstJudgement,
    firstRuleSet,
    ruleSets: ruleSets.list,
    addresses,
    activity: activity.facts,
    traffic,
    get evicted() {
      return evicted;
    },
    observe(read) {
      connections.link();
      columns.learn();
      const at = segment.push(read) - 1;
      if (at === 0) into.carried = connections.size;
      if (at === entries.length) entries.push(new Int32Array(BATCH_ROWS));
      if (columns.anyUnsettled && hasUnsettled(read, columns)) waiting.push(at);
      else observe(read, at, columns.direction, entries[at], into);
    },
    judgeSegment(out, judged) {
      // Which side of a record is an interface that no snapshot knows?
      const open = waiting.length === 0 ? [] : settleSides(segment, table, columns, addresses);
      for (const at of waiting) observe(segment[at], at, columns.direction, entries[at], into);
      // Which connection is each record of?
      splitIdleConnections(segment, columns.direction, entries, into);
      attachRejected(segment, columns.direction, entries, into);
      countPings(deltas, into.pings);
      // Who opened each connection?
      decideInitiators(connections, deltas, rules, columns.initiator, fanIn);
      // Then each record can be judged, and each connection credited to the rules that admitted it. A judged batch may be
      // gone: its buffers travel to another thread.
      now = Math.max(now, typicalStart(segment));
      reportOpenRows(open, segment, table, columns, addresses, traffic);
      rows.beginSegment();
      segment.forEach(({ batch, lookups }, at) => {
        rows.judge(batch, lookups, entries[at], out[at]);
        activity.add(batch, out[at]);
        judged?.(at);
      });
      reportUsage(connections, deltas, columns, traffic, isRealUse);

      deltas.clear(connections.words);
      segment = [];
      waiting = [];
      into.pings.length = 0;
      into.apart.length = 0;
      // Eviction is a pass over all connections: it waits until half of them may be idle.
      if (connections.size > Math.min(Math.max(400_000, keptConnections * 2), mostConnections * 1.5)) evictIdle();
    },
    clearFacts() {
      activity.clear();
      traffic.clear();
      // Not earlier: the sums named addresses by their numbers.
      evictAddresses(connections, addresses);
    },
    exportState() {
      // This run continues with the state that the next one would begin with: the evidence is the same wherever a run ends.
      evictIdle();
      return exportState(connections, addresses, table, ruleIds, now);
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
