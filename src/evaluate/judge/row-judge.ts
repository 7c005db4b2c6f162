import {
  ACTION_ACCEPT,
  ACTION_MASK,
  type FlowBatch,
  HAS_TCP_FLAGS,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
} from "../../decode/flow-batch.ts";
import { EVIDENCE } from "../../judgement.ts";
import { IPV6 } from "../../net/address.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../../net/protocols.ts";
import {
  ANSWER_DROPPED,
  bothAnswered,
  createKeys,
  evidenceOf,
  familyOf,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  initiatorOf,
  INTERFACE,
  KIND,
  LOCAL,
  LOCAL_OPENED,
  NEVER,
  openedByFlags,
  protocolOf,
  REMOTE,
  REMOTE_OPENED,
  REPLY_TRIED,
  STATE,
  STRIDE,
  SYN,
  SYN_ACK,
  UNKNOWN,
  writeKey,
} from "../conntrack/entry-layout.ts";
import { NO_ENTRY } from "../conntrack/observe.ts";
import { isOutOfState, isOutOfStateReset, isWithoutSyn } from "../conntrack/out-of-state.ts";
import type { AddressPool } from "../dense/address-pool.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { forEachChunk } from "../dense/loops.ts";
import type { SegmentDeltas } from "../dense/segment-deltas.ts";
import { isAnswer } from "../facts/real-use.ts";
import type { LookupColumns } from "../lookup/lookup-columns.ts";
import { EGRESS, type LookupTable, NOT_ASKED, type PolicyLookup } from "../lookup/policy-lookup.ts";
import { EVIDENCE_CODE, type InitiatorRules } from "./initiator.ts";
import {
  EVIDENCE_SHIFT,
  INITIATOR_SHIFT,
  type JudgementTable,
  LATE,
  OPENERS_SHIFT,
  OUT_OF_STATE,
  RELATED,
  UNANSWERED,
  UNCERTAIN,
} from "./judgement-table.ts";
import type { OpeningMatches } from "./opening-match.ts";
import { BOTH_POSSIBLE, possibleOpeners } from "./possible-openers.ts";
import { beginsLate, connectionOf, isOfConnection } from "./rejected-records.ts";

/** Last pass over a segment: the judgement of each row, once everything that its records show of connections is known. */
export interface RowJudge {
  /** Call before the first batch of a segment. */
  beginSegment(): void;
  /** Writes the number of each row's judgement to `out`. `entries` is what `observe` and `attachRejected` wrote. */
  judge(batch: FlowBatch, lookups: Uint32Array, entries: Int32Array, out: Uint32Array): void;
}

export interface RowJudgeParts {
  readonly table: LookupTable;
  readonly rules: InitiatorRules;
  readonly connections: ConnectionTable;
  readonly deltas: SegmentDeltas;
  readonly addresses: AddressPool;
  readonly columns: LookupColumns;
  readonly openings: OpeningMatches;
  readonly judgementOf: JudgementTable["judgementOf"];
}

/** 1 for the codes of evidence that is too weak to call an accepted packet a mismatch. */
const WEAK_EVIDENCE = Uint8Array.from(EVIDENCE, (name) =>
  ["policy", "lower_port", "likelier_port", "only_direction", "none"].includes(name) ? 1 : 0,
);

export function createRowJudge(parts: RowJudgeParts): RowJudge {
  const { table, rules, connections, deltas, addresses, columns, openings, judgementOf } = parts;
  let pairs: Set<string> | null = null;

  /** Hosts with a tracked flow between them, for ICMP errors about it; collected only in segments that need them. */
  const haveFlow = (): boolean => {
    if (pairs === null) {
      pairs = new Set();
      const { words } = connections;
      for (let entry = 0; entry < connections.size; entry++) {
        const base = entry * STRIDE;
        const protocol = protocolOf(words, base);
        if (protocol === ICMP || protocol === ICMPV6) continue;
        pairs.add(`${words[base + INTERFACE]}|${words[base + LOCAL]}|${words[base + REMOTE]}`);
      }
    }
    return pairs.has(`${key[INTERFACE]}|${key[LOCAL]}|${key[REMOTE]}`);
  };

  /** The segment then reports the connection again, also if it accepted nothing more of it. */
  const noteDroppedAnswer = (entry: number, egress: boolean, answer: boolean): void => {
    const { words } = connections;
    const base = entry * STRIDE;
    // Outbound the groups come before the network ACL; inbound they never saw a packet that it stopped.
    const tried = egress ? REPLY_TRIED : 0;
    const dropped = answer ? ANSWER_DROPPED : 0;
    if ((~words[base + STATE] & tried) === 0 && (~words[base + FLAGS] & dropped) === 0) return;
    words[base + STATE] |= tried;
    words[base + FLAGS] |= dropped;
    deltas.indexOf(words, entry);
  };

  const key = createKeys(1);
  const judgeRows = (
    batch: FlowBatch,
    lookups: Uint32Array,
    entries: Int32Array,
    out: Uint32Array,
    from: number,
    to: number,
  ): void => {
    connections.prefetchEntries(entries, from, to);
    const { words } = connections;
    const { direction: directions, deniedByAcl, stated } = columns;
    const { bits: bitsColumn, protocol: protocols, tcpFlags, accountId, packets, bytes } = batch;
    for (let row = from; row < to; row++) {
      const bits = bitsColumn[row];
      const lookup = lookups[row];
      let packed =
        (bits & ACTION_MASK) | (((bits >>> STATUS_SHIFT) & 3) << 2) | (((bits >>> REJECT_REASON_SHIFT) & 3) << 4);
      let opening = NOT_ASKED;
      let entry = entries[row];
      if (entry !== NO_ENTRY) {
        const direction = directions[lookup];
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
        let bothPossible = false;
        // A SYN-ACK that answers nothing in the log and that the network ACL lets pass is backscatter of a spoofed address.
        if (entry < 0 && (flags & SYN_ACK) === SYN_ACK && deniedByAcl[lookup] === 0) opened = UNKNOWN;
        if (entry >= 0) {
          const base = entry * STRIDE;
          if (opened === UNKNOWN || bothAnswered(words[base + FLAGS])) {
            opened = initiatorOf(words, base);
            evidence = evidenceOf(words, base);
            bothPossible = (possibleOpeners(words, base, columns) & BOTH_POSSIBLE) !== 0;
          }
          if (accepted) {
            if (isOutOfState(words, base)) packed |= OUT_OF_STATE;
          } else {
            const aclDenies = deniedByAcl[lookup] === 1;
            if (aclDenies && opened === (egress ? REMOTE_OPENED : LOCAL_OPENED)) {
              noteDroppedAnswer(entry, egress, isAnswer(batch, row, familyOf(words, base)));
            }
            if (isOutOfStateReset(batch, row, words, base, egress, aclDenies)) packed |= OUT_OF_STATE;
            if (late && (flags & SYN_ACK) !== SYN) packed |= LATE;
          }
        } else if (opened === UNKNOWN && (bits & ACTION_MASK) !== 0) {
          // A rejected record of no known connection: its sender opened, unless it can only be a server's answer.
          const answers = egress && deniedByAcl[lookup] === 1 && serverAnswers(batch, row, rules);
          opened = egress === answers ? REMOTE_OPENED : LOCAL_OPENED;
          evidence = answers ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.only_direction;
          if (!answers && !accepted && isWithoutSyn(batch, row)) packed |= OUT_OF_STATE;
        }
        if (opened === UNKNOWN) evidence = EVIDENCE_CODE.none;
        packed |= (opened << INITIATOR_SHIFT) | (evidence << EVIDENCE_SHIFT);
        const ported = protocol === TCP || protocol === UDP;
        const uncertain = ported ? accepted && WEAK_EVIDENCE[evidence] === 1 : true;
        if (uncertain) packed |= UNCERTAIN;
        if (bothPossible) packed |= (ported && opened !== UNKNOWN ? 1 : 2) << OPENERS_SHIFT;
        if (entry >= 0) opening = openings.ofRecord(entry * STRIDE, opened, lookup, uncertain || bothPossible);
        if ((protocol === ICMP || protocol === ICMPV6) && deniedByGroups(table, lookup)) {
          writeKey(batch, row, direction, addresses, key, 0);
          const refusedPing = !accepted && isAsLongAsPings(bytes[row], packets[row], key[KIND] >>> 8 === IPV6);
          if (!refusedPing && haveFlow()) packed |= RELATED;
          else if (accepted && words[entry * STRIDE + (egress ? FIRST_IN : FIRST_OUT)] === NEVER) packed |= UNANSWERED;
        }
      } else if (stated[lookup] !== 0 && bits & HAS_TCP_FLAGS && (tcpFlags[row] & SYN_ACK) === SYN) {
        // Of an interface that cannot be placed: its record speaks for itself alone.
        const opened = openedByFlags(tcpFlags[row], stated[lookup] === EGRESS);
        packed |= (opened << INITIATOR_SHIFT) | (EVIDENCE_CODE.tcp_flags << EVIDENCE_SHIFT);
      }
      out[row] = judgementOf(lookup, accountId[row], opening, packed);
    }
  };

  return {
    beginSegment() {
      pairs = null;
    },
    judge(batch, lookups, entries, out) {
      forEachChunk(batch.rows, (from, to) => judgeRows(batch, lookups, entries, out, from, to));
    },
  };
}

/** The source port is a server's and the destination port a client's: an answer to a packet that is not in the log. */
function serverAnswers(batch: FlowBatch, row: number, rules: InitiatorRules): boolean {
  const ranks = batch.protocol[row] === TCP ? rules.rankTcp : batch.protocol[row] === UDP ? rules.rankUdp : null;
  return ranks !== null && ranks[batch.srcPort[row]] - ranks[batch.dstPort[row]] >= 2;
}

/**
 * An ICMP record with packets of the default length of `ping` (84 bytes on Linux, 60 on Windows, 20 more over IPv6). Errors
 * hardly ever have that length: theirs depends on what they quote.
 */
function isAsLongAsPings(bytes: number, packets: number, ipv6: boolean): boolean {
  const each = bytes / packets - (ipv6 ? 20 : 0);
  return each === 84 || each === 60;
}

/** The groups let nothing like the record pass, whoever opened, under a configuration that may have decided it. */
function deniedByGroups({ lookups, matches }: LookupTable, lookup: number): boolean {
  const denied = ({ sgIfLocal, sgIfRemote }: PolicyLookup): boolean =>
    sgIfLocal !== NOT_ASKED && (matches[sgIfLocal].answer === "deny" || matches[sgIfRemote].answer === "deny");
  return denied(lookups[lookup]) || lookups[lookup].others.some((other) => denied(lookups[other]));
}
