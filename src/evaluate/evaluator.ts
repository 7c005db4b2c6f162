import { IPV6 } from "../net/address.ts";
import {
  ACTION_ACCEPT,
  ACTION_MASK,
  BATCH_ROWS,
  HAS_TCP_FLAGS,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
  type FlowBatch,
} from "../decode/flow-batch.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../policy/compile/services.ts";
import { createAdmissions } from "./admission.ts";
import {
  NEVER,
  createConnectionTable,
  EVIDENCE_MASK,
  EVIDENCE_SHIFT,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LOCAL,
  REMOTE,
  REPLY_TRIED,
  STATE,
  STRIDE,
} from "./connections.ts";
import { createActivityCollector, createTrafficCollector, type ActivityFacts, type TrafficFacts } from "./facts.ts";
import { forgetAddresses, forgetConnections } from "./forgetting.ts";
import {
  bothAnswered,
  decideInitiators,
  EVIDENCE_CODE,
  LOCAL_OPENED,
  openedByFlags,
  REMOTE_OPENED,
  SYN,
  SYN_ACK,
  UNKNOWN,
  type InitiatorRules,
} from "./initiator.ts";
import type { Judgement } from "./judgement.ts";
import { createJudgementTable } from "./judgement-table.ts";
import { countPings, enterApart, NO_ENTRY, observe, type Observation } from "./observe.ts";
import { LATE, RELATED, STRAY, SURMISES, UNANSWERED, UNCERTAIN } from "./packed-facts.ts";
import { EGRESS, NOT_ASKED, type ReadingTable } from "./reading.ts";
import { createReadingColumns } from "./reading-columns.ts";
import { beginsLate, connectionOf, isOfConnection, placeRejected } from "./rejected-records.ts";
import { deniedByGroups, isAsLongAsPings, isBare, isStrayAnswer, serverAnswers } from "./row-checks.ts";
import { createRuleSets, type RuleSet, type StoredRuleSet } from "./rule-sets.ts";
import { type AddressPool, createAddressPool } from "./address-pool.ts";
import { rowKey, type RowKey } from "./row-key.ts";
import { exportState, importState, type TrackerState } from "./state.ts";
import { DEFAULT_TIMEOUTS, type IdleTimeouts } from "./timeouts.ts";
import { createTouched } from "./touched.ts";
import { isStray, reportUsage } from "./usage.ts";

/** A batch with the reading of each row. */
export interface ReadBatch {
  readonly batch: FlowBatch;
  readonly readings: Uint32Array;
}

export interface Evaluator {
  /** Takes in the next batch of a segment, as it comes: what its accepted records show of connections. */
  observe(read: ReadBatch): void;
  /**
   * Ends a segment: judges the records of all batches since the last one together, so that what any of them shows of a
   * connection serves all of them. Writes the judgement of each row to `out[i][row]` for batch i, and adds to `activity`
   * and `traffic`.
   */
  judgeSegment(out: readonly Uint32Array[]): void;
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
  table: ReadingTable,
  rules: InitiatorRules,
  ruleIds: readonly string[],
  options: EvaluatorOptions = {},
): Evaluator {
  const { mostConnections = 1_000_000, timeouts = DEFAULT_TIMEOUTS, firstJudgement = 0, firstRuleSet = 0 } = options;
  const connections = createConnectionTable(options.roomForConnections ?? 1 << 19);
  const addresses = createAddressPool();
  const activity = createActivityCollector();
  const traffic = createTrafficCollector();
  const ruleSets = createRuleSets(table, firstRuleSet, options.storedRuleSets ?? [], ruleIds);
  const columns = createReadingColumns(table, ruleSets);
  const admissions = createAdmissions(table, connections, columns);
  const { judgements, judgementOf } = createJudgementTable(table, firstJudgement, admissions);
  const touched = createTouched();
  let evicted = 0;
  let kept = 0;
  let now = 0;
  let pairs: Set<string> | null = null;
  let segment: ReadBatch[] = [];
  const into: Observation = { connections, pool: addresses, timeouts, touched, carried: 0, pings: [], apart: [] };
  // Reused from segment to segment: the entry of each row.
  const entries: Int32Array[] = [];

  if (options.state) {
    const index = new Map(ruleIds.map((id, at) => [id, at]));
    importState(options.state, connections, addresses, table, index);
    now = options.state.now;
    kept = connections.size;
  }

  /** Hosts with a tracked flow between them, for ICMP errors about it; made only when a segment asks. */
  const haveFlow = (key: RowKey): boolean => {
    if (pairs === null) {
      pairs = new Set();
      const { words } = connections;
      for (let entry = 0; entry < connections.size; entry++) {
        const base = entry * STRIDE;
        const protocol = words[base + KIND] & 0xff;
        if (protocol === ICMP || protocol === ICMPV6) continue;
        pairs.add(`${words[base + INTERFACE]}|${words[base + LOCAL]}|${words[base + REMOTE]}`);
      }
    }
    return pairs.has(`${key.eni}|${key.local}|${key.remote}`);
  };

  const key: RowKey = { eni: 0, local: 0, remote: 0, ports: 0, kind: 0 };
  const judgeBatch = (batch: FlowBatch, readings: Uint32Array, entries: Int32Array, out: Uint32Array): void => {
    const { words } = connections;
    const { direction: directions, deniedByAcl } = columns;
    const { admittedFor } = admissions;
    const { rows, bits: bitsColumn, start: starts, end: ends, protocol: protocols, tcpFlags } = batch;
    const { interfaceId, accountId, packets, bytes } = batch;
    for (let row = 0; row < rows; row++) {
      const bits = bitsColumn[row];
      const reading = readings[row];
      let packed =
        (bits & ACTION_MASK) | (((bits >>> STATUS_SHIFT) & 3) << 2) | (((bits >>> REJECT_REASON_SHIFT) & 3) << 4);
      let admitted = NOT_ASKED;
      let entry = entries[row];
      if (entry !== NO_ENTRY) {
        const direction = directions[reading];
        const egress = direction === EGRESS;
        const flags = bits & HAS_TCP_FLAGS ? tcpFlags[row] : 0;
        let late = false;
        if (isOfConnection(entry)) {
          late = beginsLate(entry);
          entry = connectionOf(entry);
        }
        const accepted = (bits & ACTION_MASK) === ACTION_ACCEPT;
        const protocol = protocols[row];
        let opened = flags === 0 ? UNKNOWN : openedByFlags(flags, egress);
        let evidence = EVIDENCE_CODE.tcp_flags;
        // A SYN-ACK that answers nothing in the log and that the network ACL lets pass was scattered here by a stranger.
        if (entry < 0 && (flags & SYN_ACK) === SYN_ACK && deniedByAcl[reading] === 0) opened = UNKNOWN;
        if (entry >= 0) {
          const base = entry * STRIDE;
          const state = words[base + STATE];
          if (opened === UNKNOWN || bothAnswered(words[base + FLAGS])) {
            opened = state & INITIATOR_MASK;
            evidence = (state >>> EVIDENCE_SHIFT) & EVIDENCE_MASK;
          }
          if (accepted) {
            if (isStray(words, base)) packed |= STRAY;
          } else {
            const aclDenies = deniedByAcl[reading] === 1;
            // Outbound the groups come before the network ACL, inbound they never saw what it stopped.
            if (egress && opened === REMOTE_OPENED && aclDenies) words[base + STATE] = state | REPLY_TRIED;
            if (isStrayAnswer(batch, row, words, base, egress, aclDenies)) packed |= STRAY;
            if (late && (flags & SYN_ACK) !== SYN) packed |= LATE;
          }
        } else if (opened === UNKNOWN && (bits & ACTION_MASK) !== 0) {
          // A rejected record of no known connection: who is heard began, unless it can only be a server's answer.
          const answers = egress && deniedByAcl[reading] === 1 && serverAnswers(batch, row, rules);
          opened = egress === answers ? REMOTE_OPENED : LOCAL_OPENED;
          evidence = answers ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.only_direction;
          if (!answers && !accepted && isBare(batch, row)) packed |= STRAY;
        }
        if (opened === UNKNOWN) evidence = EVIDENCE_CODE.none;
        packed |= (opened << 8) | (evidence << 10);
        const ported = protocol === TCP || protocol === UDP;
        const unsure = ported ? accepted && SURMISES[evidence] === 1 : true;
        if (unsure) packed |= UNCERTAIN;
        if (entry >= 0) admitted = admittedFor(entry * STRIDE, opened, reading, unsure);
        if ((protocol === ICMP || protocol === ICMPV6) && deniedByGroups(table, reading)) {
          rowKey(batch, row, direction, addresses, key);
          const refusedPing = !accepted && isAsLongAsPings(bytes[row], packets[row], key.kind >>> 8 === IPV6);
          if (!refusedPing && haveFlow(key)) packed |= RELATED;
          else if (accepted && words[entry * STRIDE + (egress ? FIRST_IN : FIRST_OUT)] === NEVER) packed |= UNANSWERED;
        }
      }
      const judgement = judgementOf(reading, accountId[row], admitted, packed);
      out[row] = judgement;
      activity.add(interfaceId[row], judgement, starts[row], ends[row], packets[row], bytes[row]);
    }
  };

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
      evicted += forgetConnections(connections, mostConnections, now, timeouts);
      kept = connections.size;
      return exportState(connections, addresses, table, ruleIds, now);
    },
    clearFacts() {
      activity.clear();
      traffic.clear();
      // Only now: the sums named addresses by their numbers.
      forgetAddresses(connections, addresses);
    },
    observe(read) {
      connections.link();
      columns.learn();
      const at = segment.push(read) - 1;
      if (at === 0) into.carried = connections.size;
      if (at === entries.length) entries.push(new Int32Array(BATCH_ROWS));
      observe(at, read.batch, read.readings, columns.direction, entries[at], into);
    },
    judgeSegment(out) {
      pairs = null;
      enterApart(segment, columns.direction, entries, into);
      const observed = segment.map((read, at) => ({ ...read, entries: entries[at] }));
      placeRejected(observed, columns.direction, connections, addresses, timeouts, touched);
      countPings(touched, into.pings);
      now = Math.max(now, typicalStart(segment));
      decideInitiators(connections, touched, rules, columns.initiator);
      segment.forEach(({ batch, readings }, at) => judgeBatch(batch, readings, entries[at], out[at]));
      reportUsage(connections, touched, columns, traffic);
      touched.clear(connections.words);
      segment = [];
      into.pings.length = 0;
      into.apart.length = 0;
      // Forgetting costs a pass over everything remembered: it waits until half of that may be idle.
      if (connections.size <= Math.min(Math.max(400_000, kept * 2), mostConnections * 1.5)) return;
      evicted += forgetConnections(connections, mostConnections, now, timeouts);
      kept = connections.size;
    },
  };
}

/** Median start of a sample of the segment: one record with a time far ahead must not make every connection old. */
function typicalStart(segment: readonly ReadBatch[]): number {
  const sample = segment.flatMap(({ batch }) => {
    const step = Math.max(1, Math.floor(batch.rows / 64));
    return Array.from({ length: Math.floor(batch.rows / step) }, (_, at) => batch.start[at * step]);
  });
  return sample.sort((a, b) => a - b)[sample.length >> 1] ?? 0;
}
