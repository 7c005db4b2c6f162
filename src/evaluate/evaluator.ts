import {
  ACTION_ACCEPT,
  ACTION_MASK,
  BATCH_ROWS,
  HAS_TCP_FLAGS,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
  type FlowBatch,
} from "../decode/flow-batch.ts";
import { IPV6 } from "../net/address.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../policy/compile/services.ts";
import {
  createConnectionTable,
  type ConnectionTable,
  EVIDENCE_MASK,
  EVIDENCE_SHIFT,
  FIRST_IN,
  FIRST_OUT,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LAST,
  LOCAL,
  NEVER,
  OPENED_BY,
  REMOTE,
  REPLY_TRIED,
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
import { countPings, type IdleTimeouts, isIdle, LOOK_UP, NO_ENTRY, observe, type Ping } from "./observe.ts";
import { EGRESS, INGRESS, NOT_ASKED, type ReadingTable } from "./reading.ts";
import { createAddressPool, rowKey, type AddressPool, type RowKey } from "./row-key.ts";
import { exportState, importState, type TrackerState } from "./state.ts";
import { isStray, reportUsage, type Admission } from "./usage.ts";
import { createDirectMap } from "./direct-map.ts";
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
  /** The memory of open connections, for the next run. Call it between segments. */
  exportState(): TrackerState;
  /** Connections dropped before their time because there were too many. */
  readonly evicted: number;
}

export interface RuleSet {
  readonly rules: readonly number[];
  readonly certain: boolean;
}

/**
 * AWS's time-outs, with the 350 s of newer instances for TCP: the older 432,000 s would join connections that merely reuse
 * a port. A configuration with a history needs the long one, or an idle connection that outlives its rule looks new.
 */
export const DEFAULT_TIMEOUTS: IdleTimeouts = {
  tcpEstablished: 350,
  udpStream: 180,
  udpSingle: 30,
  ofInterface: new Map(),
};
export const LONG_TCP_TIMEOUT = 432_000;

export interface EvaluatorOptions {
  /** Connections kept from one segment to the next at the most. */
  readonly mostConnections?: number;
  readonly timeouts?: IdleTimeouts;
  /** Memory of an earlier run. */
  readonly state?: TrackerState | null;
  readonly firstJudgement?: number;
  readonly firstRuleSet?: number;
}

/** The second half of the evaluator: connections, initiators, judgements and usage. Readings come from `table`. */
export function createEvaluator(
  table: ReadingTable,
  rules: InitiatorRules,
  ruleIds: readonly string[],
  options: EvaluatorOptions = {},
): Evaluator {
  const { mostConnections = 1_000_000, timeouts = DEFAULT_TIMEOUTS, firstJudgement = 0, firstRuleSet = 0 } = options;
  const connections = createConnectionTable(1 << 19);
  const addresses = createAddressPool();
  const activity = createActivityCollector();
  const traffic = createTrafficCollector();
  const judgements: Judgement[] = [];
  const judgementIds = new Map<string, number>();
  const memo = createWordMemo(4);
  const recent = createDirectMap(12);
  const ruleSets: RuleSet[] = [];
  const ruleSetIds = new Map<string, number>();
  const ruleSetOfMatch: number[] = [];
  let directions = new Uint8Array(0);
  let segmentNumber = 0;
  let touched = new Uint32Array(1 << 10);
  let touchedCount = 0;
  let evicted = 0;
  let kept = 0;
  let now = 0;
  let pairs: Set<string> | null = null;
  // Reused from segment to segment: the entry of each row.
  const entries: Int32Array[] = [];

  if (options.state) {
    const index = new Map(ruleIds.map((id, at) => [id, at]));
    importState(options.state, connections, addresses, table, index);
    now = options.state.now;
  }

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

  const ruleSetOf = (match: number): number => {
    const known = ruleSetOfMatch[match];
    if (known !== undefined) return known;
    const { rules: certainly, possible } = table.matches[match];
    const certain = certainly.length > 0;
    const members = certain ? certainly : possible;
    if (members.length === 0) return (ruleSetOfMatch[match] = -1);
    const text = `${certain}${members.join(",")}`;
    let id = ruleSetIds.get(text);
    if (id === undefined) {
      id = firstRuleSet + ruleSets.length;
      ruleSets.push({ rules: members, certain });
      ruleSetIds.set(text, id);
    }
    return (ruleSetOfMatch[match] = id);
  };

  /** The rules that admitted an entry's connection, and for an untracked flow those that let its replies pass. */
  const admissionOf = (base: number, into: Admission): void => {
    const opened = connections.words[base + STATE] & INITIATOR_MASK;
    const place = opened === UNKNOWN ? NOT_ASKED : admittedMatch(base, opened);
    into.ruleSet = place === NOT_ASKED ? -1 : ruleSetOf(place);
    into.replyRuleSet = -1;
    if (place === NOT_ASKED || !table.matches[place].untracked) return;
    const { sgIfLocal, sgIfRemote } = table.readings[connections.words[base + OPENED_BY] - 1];
    const replies = opened === LOCAL_OPENED ? sgIfRemote : sgIfLocal;
    if (table.matches[replies].answer === "allow") into.replyRuleSet = ruleSetOf(replies);
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
    const said = (account << 16) | packed;
    const near = account < 0x7fff ? recent.get(reading, said, admitted) : -1;
    if (near >= 0) return near;
    const id = findJudgement(reading, account, admitted, packed);
    if (account < 0x7fff) recent.set(reading, said, admitted, id);
    return id;
  };

  const findJudgement = (reading: number, account: number, admitted: number, packed: number): number => {
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
        const accepted = (bits & ACTION_MASK) === ACTION_ACCEPT;
        const ported = batch.protocol[row] === TCP || batch.protocol[row] === UDP;
        let opened = flags === 0 ? UNKNOWN : openedByFlags(flags, egress);
        let evidence = EVIDENCE_CODE.tcp_flags;
        // A SYN-ACK that answers nothing in the log and that the network ACL lets pass was scattered here by a stranger.
        if (entry < 0 && (flags & SYN_ACK) === SYN_ACK && !deniedByAcl(table, reading)) opened = UNKNOWN;
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
          if (!accepted && opened !== UNKNOWN && (opened === LOCAL_OPENED) !== egress && deniedByAcl(table, reading)) {
            words[base + STATE] |= REPLY_TRIED;
          }
          if (accepted ? isStray(words, base) : isStrayAnswer(batch, row, words, base, egress)) packed |= STRAY;
          if (!accepted && batch.start[row] >= words[base + LAST] && (flags & SYN_ACK) !== SYN) packed |= LATE;
        } else if (opened === UNKNOWN) {
          // A rejected record of no known connection: who is heard began, unless it can only be a server's answer.
          const answers = egress && deniedByAcl(table, reading) && serverAnswers(batch, row, rules);
          opened = egress === answers ? REMOTE_OPENED : LOCAL_OPENED;
          evidence = answers ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.only_direction;
        }
        packed |= (opened << 8) | (evidence << 10);
        if (ported ? accepted && SURMISES.has(evidence) : true) packed |= UNCERTAIN;
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
        if (!isIdle(words, base, now, timeouts)) ages[live++] = words[base + LAST];
      }
      if (live > mostConnections) limit = ages.subarray(0, live).sort()[live - mostConnections];
    }
    connections.retain((base) => {
      if (isIdle(words, base, now, timeouts)) return false;
      if (words[base + LAST] >= limit) return true;
      evicted++;
      return false;
    });
    kept = connections.size;
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
    exportState: () =>
      exportState(
        connections,
        addresses,
        table,
        ruleIds,
        now,
        (base) => !isIdle(connections.words, base, now, timeouts),
      ),
    judgeSegment(segment, out) {
      segmentNumber++;
      touchedCount = 0;
      pairs = null;
      forgetAddresses(connections, addresses);
      activity.clear();
      traffic.clear();
      learnReadings();
      const pings: Ping[] = [];
      while (entries.length < segment.length) entries.push(new Int32Array(BATCH_ROWS));
      segment.forEach(({ batch, readings }, at) => {
        observe(
          batch,
          readings,
          directions,
          connections,
          addresses,
          segmentNumber,
          entries[at],
          touch,
          pings,
          timeouts,
        );
      });
      countPings(connections.words, pings);
      now = Math.max(now, typicalStart(segment));
      const all = touched.subarray(0, touchedCount);
      decideInitiators(connections, all, rules, (base) =>
        allowedInitiator(table, connections.words[base + OPENED_BY] - 1),
      );
      segment.forEach(({ batch, readings }, at) => judgeBatch(batch, readings, entries[at], out[at]));
      reportUsage(connections, all, admissionOf, traffic);
      // Forgetting costs a pass over everything remembered: it waits until half of that may be idle.
      if (connections.size > Math.max(400_000, kept * 2)) tidy();
    },
  };
}

/** Keeps the IPv6 addresses that a live connection has, once most of the pool is of connections that are gone. */
function forgetAddresses(connections: ConnectionTable, addresses: AddressPool): void {
  if (addresses.size < 65_536 || addresses.size < connections.size * 4) return;
  const numbers = new Map<number, number>();
  const renumber = (old: number): number => {
    const known = numbers.get(old);
    if (known !== undefined) return known;
    numbers.set(old, numbers.size);
    return numbers.size - 1;
  };
  connections.rekey((words, base) => {
    if (words[base + KIND] >>> 8 !== IPV6) return;
    words[base + LOCAL] = renumber(words[base + LOCAL]);
    words[base + REMOTE] = renumber(words[base + REMOTE]);
  });
  addresses.reset([...numbers.keys()]);
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
const UNCERTAIN = 1 << 14;
const STRAY = 1 << 15;

/** Evidence too weak to call a passing packet a mismatch. */
const SURMISES = new Set([
  EVIDENCE_CODE.policy,
  EVIDENCE_CODE.lower_port,
  EVIDENCE_CODE.only_direction,
  EVIDENCE_CODE.none,
]);

type PackedFacts = Omit<Parameters<typeof judge>[1], "accountId" | "admittedBy">;

/** Bits 0-1 action, 2-3 log status, 4-5 reject reason, 6 late, 7 related, 8-9 initiator, 10-13 evidence, 14, 15. */
function unpack(packed: number): PackedFacts {
  return {
    action: ([null, "ACCEPT", "REJECT"] as const)[packed & 3] ?? null,
    logStatus: (["OK", "NODATA", "SKIPDATA"] as const)[(packed >>> 2) & 3] ?? "OK",
    rejectReason: ([null, "BPA", "EC", "other"] as const)[(packed >>> 4) & 3],
    late: (packed & LATE) !== 0,
    related: (packed & RELATED) !== 0,
    initiator: (["unknown", "local", "remote"] as const)[(packed >>> 8) & 3] ?? "unknown",
    evidence: EVIDENCE[(packed >>> 10) & 15],
    uncertain: (packed & UNCERTAIN) !== 0,
    stray: (packed & STRAY) !== 0,
  };
}

/** The source port is a server's and the destination port a client's: the packet answers one that is not in the log. */
function serverAnswers(batch: FlowBatch, row: number, rules: InitiatorRules): boolean {
  const ranks = batch.protocol[row] === 6 ? rules.rankTcp : batch.protocol[row] === 17 ? rules.rankUdp : null;
  return ranks !== null && ranks[batch.srcPort[row]] - ranks[batch.dstPort[row]] >= 2;
}

function deniedByAcl(table: ReadingTable, reading: number): boolean {
  const { direction, naclIn, naclOut } = table.readings[reading];
  const asked = direction === INGRESS ? naclIn : naclOut;
  return asked !== NOT_ASKED && table.matches[asked].answer === "deny";
}

/**
 * A rejected RST that answers a bare packet of no connection: the connection has no SYN in the log (or, without flags, no
 * packet as long as one), nothing was ever answered, and this is one short packet.
 */
function isStrayAnswer(batch: FlowBatch, row: number, words: Uint32Array, base: number, egress: boolean): boolean {
  if ((words[base + KIND] & 0xff) !== TCP || batch.packets[row] !== 1) return false;
  if (words[base + (egress ? FIRST_OUT : FIRST_IN)] !== NEVER) return false;
  return isStray(words, base);
}

function deniedByGroups(table: ReadingTable, reading: number, opened: number): boolean {
  const { sgIfLocal, sgIfRemote, direction } = table.readings[reading];
  if (sgIfLocal === NOT_ASKED) return false;
  const local = opened === UNKNOWN ? direction !== INGRESS : opened === LOCAL_OPENED;
  return table.matches[local ? sgIfLocal : sgIfRemote].answer === "deny";
}
