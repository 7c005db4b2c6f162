import {
  ACTION_ACCEPT,
  ACTION_MASK,
  HAS_TCP_FLAGS,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
  type FlowBatch,
} from "../decode/flow-batch.ts";
import { ICMP, ICMPV6 } from "../policy/compile/services.ts";
import {
  createConnectionTable,
  EVIDENCE_MASK,
  EVIDENCE_SHIFT,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LAST,
  LOCAL,
  OPENED_BY,
  REMOTE,
  STATE,
  STRIDE,
} from "./connections.ts";
import { createActivityCollector, createTrafficCollector, type ActivityFacts, type TrafficFacts } from "./facts.ts";
import {
  allowedInitiator,
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
import { judge } from "./judge.ts";
import { EVIDENCE, type Judgement } from "./judgement.ts";
import { isIdle, LOOK_UP, NO_ENTRY, observe } from "./observe.ts";
import { EGRESS, INGRESS, NOT_ASKED, type ReadingTable } from "./reading.ts";
import { createAddressPool, rowKey, type AddressPool, type RowKey } from "./row-key.ts";
import { reportUsage } from "./usage.ts";
import { createWordMemo } from "./word-memo.ts";

/** A batch with the reading of each row. */
export interface ReadBatch {
  readonly batch: FlowBatch;
  readonly readings: Uint32Array;
}

export interface Evaluator {
  /**
   * Judges the records of one segment together: what any of them shows of a connection serves all of them. Writes the
   * judgement of each row to `out[i][row]`. `activity` and `traffic` hold the segment's sums until the next call.
   */
  judgeSegment(segment: readonly ReadBatch[], out: readonly Uint32Array[]): void;
  readonly judgements: readonly Judgement[];
  /** Number of the first of `judgements`, and of the first of `ruleSets`: an evidence file already has those before. */
  readonly firstJudgement: number;
  readonly firstRuleSet: number;
  /** Rule sets by number: places in `ruleIds`; `certain` is false for rules that only may have admitted the traffic. */
  readonly ruleSets: readonly RuleSet[];
  readonly activity: ActivityFacts;
  readonly traffic: TrafficFacts;
  readonly addresses: AddressPool;
  /** Connections dropped before their time because there were too many. */
  readonly evicted: number;
}

export interface RuleSet {
  readonly rules: readonly number[];
  readonly certain: boolean;
}

export interface EvaluatorOptions {
  /** Connections kept from one segment to the next at the most. */
  readonly mostConnections?: number;
  readonly firstJudgement?: number;
  readonly firstRuleSet?: number;
}

/** The second half of the evaluator: connections, initiators, judgements and usage. Readings come from `table`. */
export function createEvaluator(table: ReadingTable, rules: InitiatorRules, options: EvaluatorOptions = {}): Evaluator {
  const { mostConnections = 1_000_000, firstJudgement = 0, firstRuleSet = 0 } = options;
  const connections = createConnectionTable();
  const addresses = createAddressPool();
  const activity = createActivityCollector();
  const traffic = createTrafficCollector();
  const judgements: Judgement[] = [];
  const judgementIds = new Map<string, number>();
  const memo = createWordMemo(4);
  const ruleSets: RuleSet[] = [];
  const ruleSetIds = new Map<string, number>();
  const ruleSetOfMatch: number[] = [];
  let directions = new Uint8Array(0);
  let segmentNumber = 0;
  let touched = new Uint32Array(1 << 10);
  let touchedCount = 0;
  let evicted = 0;
  let now = 0;
  let pairs: Set<string> | null = null;

  const touch = (entry: number): void => {
    if (touchedCount === touched.length) {
      const larger = new Uint32Array(touched.length * 2);
      larger.set(touched);
      touched = larger;
    }
    touched[touchedCount++] = entry;
  };

  const learnReadings = (): void => {
    if (directions.length === table.readings.length) return;
    directions = Uint8Array.from(table.readings, (reading) => (reading.local === "known" ? reading.direction : 0));
  };

  /** The match under which the entry's connection began, if a group rule admitted it. */
  const admittedMatch = (base: number, opened: number): number => {
    const reading = table.readings[connections.words[base + OPENED_BY] - 1];
    if (reading === undefined || reading.sgIfLocal === NOT_ASKED) return NOT_ASKED;
    const place = opened === LOCAL_OPENED ? reading.sgIfLocal : reading.sgIfRemote;
    if (table.matches[place].answer === "allow") return place;
    for (const other of reading.others) {
      const { sgIfLocal, sgIfRemote } = table.readings[other];
      const otherPlace = opened === LOCAL_OPENED ? sgIfLocal : sgIfRemote;
      if (otherPlace !== NOT_ASKED && table.matches[otherPlace].answer === "allow") return otherPlace;
    }
    return place;
  };

  const ruleSetOf = (base: number): number => {
    const opened = connections.words[base + STATE] & INITIATOR_MASK;
    if (opened === UNKNOWN) return -1;
    const place = admittedMatch(base, opened);
    if (place === NOT_ASKED) return -1;
    const known = ruleSetOfMatch[place];
    if (known !== undefined) return known;
    const match = table.matches[place];
    const certain = match.rules.length > 0;
    const members = certain ? match.rules : match.possible;
    if (members.length === 0) return (ruleSetOfMatch[place] = -1);
    const key = `${certain}${members.join(",")}`;
    let id = ruleSetIds.get(key);
    if (id === undefined) {
      id = firstRuleSet + ruleSets.length;
      ruleSets.push({ rules: members, certain });
      ruleSetIds.set(key, id);
    }
    return (ruleSetOfMatch[place] = id);
  };

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

  const judgementOf = (reading: number, account: number, admitted: number, packed: number): number => {
    memo.key[0] = reading;
    memo.key[1] = packed;
    memo.key[2] = account;
    memo.key[3] = admitted;
    const known = memo.find();
    if (known >= 0) return known;
    const judgement = judge(
      table.readings[reading],
      { accountId: account, admittedBy: admitted, ...unpack(packed) },
      table.readings,
      table.matches,
    );
    // Facts that make no difference to the answer share one judgement.
    const text = JSON.stringify(judgement);
    let id = judgementIds.get(text);
    if (id === undefined) {
      id = firstJudgement + judgements.length;
      judgements.push(judgement);
      judgementIds.set(text, id);
    }
    memo.add(id);
    return id;
  };

  const key: RowKey = { eni: 0, local: 0, remote: 0, ports: 0, kind: 0 };
  const judgeBatch = (batch: FlowBatch, readings: Uint32Array, entries: Int32Array, out: Uint32Array): void => {
    const { words } = connections;
    for (let row = 0; row < batch.rows; row++) {
      const bits = batch.bits[row];
      const reading = readings[row];
      let packed =
        (bits & ACTION_MASK) | (((bits >>> STATUS_SHIFT) & 3) << 2) | (((bits >>> REJECT_REASON_SHIFT) & 3) << 4);
      let admitted = NOT_ASKED;
      let entry = entries[row];
      if (entry !== NO_ENTRY) {
        const direction = directions[reading];
        const egress = direction === EGRESS;
        const flags = bits & HAS_TCP_FLAGS ? batch.tcpFlags[row] : 0;
        if (entry === LOOK_UP) {
          rowKey(batch, row, direction, addresses, key);
          entry = connections.find(key.eni, key.local, key.remote, key.ports, key.kind);
        }
        let opened = flags === 0 ? UNKNOWN : openedByFlags(flags, egress);
        let evidence = EVIDENCE_CODE.tcp_flags;
        if (entry >= 0) {
          const base = entry * STRIDE;
          if (opened === UNKNOWN) {
            opened = words[base + STATE] & INITIATOR_MASK;
            evidence = (words[base + STATE] >>> EVIDENCE_SHIFT) & EVIDENCE_MASK;
          }
          if (opened !== UNKNOWN) {
            const place = admittedMatch(base, opened);
            const { sgIfLocal, sgIfRemote } = table.readings[reading];
            if (place !== (opened === LOCAL_OPENED ? sgIfLocal : sgIfRemote)) admitted = place;
          }
          const accepted = (bits & ACTION_MASK) === ACTION_ACCEPT;
          if (!accepted && batch.start[row] >= words[base + LAST] && (flags & SYN_ACK) !== SYN) packed |= LATE;
        } else if (opened === UNKNOWN) {
          // A rejected record of no known connection: who is heard began, unless it can only be a server's answer.
          const answers = egress && serverAnswers(batch, row, rules);
          opened = egress === answers ? REMOTE_OPENED : LOCAL_OPENED;
          evidence = answers ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.only_direction;
        }
        packed |= (opened << 8) | (evidence << 10);
        const protocol = batch.protocol[row];
        if ((protocol === ICMP || protocol === ICMPV6) && deniedByGroups(table, reading, opened)) {
          rowKey(batch, row, direction, addresses, key);
          if (haveFlow(key)) packed |= RELATED;
        }
      }
      const judgement = judgementOf(reading, batch.accountId[row], admitted, packed);
      out[row] = judgement;
      activity.add(
        batch.interfaceId[row],
        judgement,
        batch.start[row],
        batch.end[row],
        batch.packets[row],
        batch.bytes[row],
      );
    }
  };

  /** Forgets what is idle, then, if still too many, the longest silent ones. */
  const tidy = (): void => {
    const { words } = connections;
    let limit = 0;
    if (connections.size > mostConnections) {
      const ages = new Uint32Array(connections.size);
      let live = 0;
      for (let entry = 0; entry < connections.size; entry++) {
        const base = entry * STRIDE;
        if (!isIdle(words, base, now)) ages[live++] = words[base + LAST];
      }
      if (live > mostConnections) limit = ages.subarray(0, live).sort()[live - mostConnections];
    }
    connections.retain((base) => {
      if (isIdle(words, base, now)) return false;
      if (words[base + LAST] >= limit) return true;
      evicted++;
      return false;
    });
  };

  return {
    judgements,
    firstJudgement,
    firstRuleSet,
    ruleSets,
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
    judgeSegment(segment, out) {
      segmentNumber++;
      touchedCount = 0;
      pairs = null;
      activity.clear();
      traffic.clear();
      learnReadings();
      const entries = segment.map(({ batch }) => new Int32Array(batch.rows));
      segment.forEach(({ batch, readings }, at) => {
        observe(batch, readings, directions, connections, addresses, segmentNumber, entries[at], touch);
      });
      now = Math.max(now, typicalStart(segment));
      const all = touched.subarray(0, touchedCount);
      decideInitiators(connections, all, rules, (base) =>
        allowedInitiator(table, connections.words[base + OPENED_BY] - 1),
      );
      segment.forEach(({ batch, readings }, at) => judgeBatch(batch, readings, entries[at], out[at]));
      reportUsage(connections, all, ruleSetOf, traffic);
      tidy();
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

const LATE = 1 << 6;
const RELATED = 1 << 7;

type PackedFacts = Omit<Parameters<typeof judge>[1], "accountId" | "admittedBy">;

/** Bits 0-1 action, 2-3 log status, 4-5 reject reason, 6 late, 7 related, 8-9 initiator, 10-13 evidence. */
function unpack(packed: number): PackedFacts {
  return {
    action: ([null, "ACCEPT", "REJECT"] as const)[packed & 3] ?? null,
    logStatus: (["OK", "NODATA", "SKIPDATA"] as const)[(packed >>> 2) & 3] ?? "OK",
    rejectReason: ([null, "BPA", "EC", "other"] as const)[(packed >>> 4) & 3],
    late: (packed & LATE) !== 0,
    related: (packed & RELATED) !== 0,
    initiator: (["unknown", "local", "remote"] as const)[(packed >>> 8) & 3] ?? "unknown",
    evidence: EVIDENCE[(packed >>> 10) & 15],
  };
}

/** The source port is a server's and the destination port a client's: the packet answers one that is not in the log. */
function serverAnswers(batch: FlowBatch, row: number, rules: InitiatorRules): boolean {
  const ranks = batch.protocol[row] === 6 ? rules.rankTcp : batch.protocol[row] === 17 ? rules.rankUdp : null;
  return ranks !== null && ranks[batch.srcPort[row]] - ranks[batch.dstPort[row]] >= 2;
}

function deniedByGroups(table: ReadingTable, reading: number, opened: number): boolean {
  const { sgIfLocal, sgIfRemote, direction } = table.readings[reading];
  if (sgIfLocal === NOT_ASKED) return false;
  const local = opened === UNKNOWN ? direction !== INGRESS : opened === LOCAL_OPENED;
  return table.matches[local ? sgIfLocal : sgIfRemote].answer === "deny";
}
