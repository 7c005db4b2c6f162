import { IPV6 } from "../net/address.ts";
import {
  ACTION_ACCEPT,
  ACTION_MASK,
  HAS_TCP_FLAGS,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
  type FlowBatch,
} from "../decode/flow-batch.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../policy/compile/services.ts";
import type { AddressPool } from "./address-pool.ts";
import type { Admissions } from "./admission.ts";
import {
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  INTERFACE,
  KIND,
  LOCAL,
  NEVER,
  REMOTE,
  STATE,
  STRIDE,
  EVIDENCE_MASK,
  EVIDENCE_SHIFT,
  INITIATOR_MASK,
  REPLY_TRIED,
} from "./connection-words.ts";
import { type ConnectionTable } from "./connections.ts";
import {
  bothAnswered,
  EVIDENCE_CODE,
  type InitiatorRules,
  LOCAL_OPENED,
  openedByFlags,
  REMOTE_OPENED,
  SYN,
  SYN_ACK,
  UNKNOWN,
} from "./initiator.ts";
import type { JudgementTable } from "./judgement-table.ts";
import { NO_ENTRY } from "./observe.ts";
import { LATE, RELATED, STRAY, SURMISES, UNANSWERED, UNCERTAIN } from "./packed-facts.ts";
import { EGRESS, NOT_ASKED, type ReadingTable } from "./reading.ts";
import type { ReadingColumns } from "./reading-columns.ts";
import { beginsLate, connectionOf, isOfConnection } from "./rejected-records.ts";
import { deniedByGroups, isAsLongAsPings, isBare, isStrayAnswer, serverAnswers } from "./row-checks.ts";
import { createKeys, writeKey } from "./row-key.ts";
import { inSteps } from "./steps.ts";
import { isStray } from "./usage.ts";

/** Last pass over a segment: the judgement of each row, once all that its records show of connections is known. */
export interface RowJudge {
  /** Before the first batch of a segment. */
  beginSegment(): void;
  /** Writes the number of each row's judgement to `out`. `entries` is what `observe` and `placeRejected` made of the rows. */
  judge(batch: FlowBatch, readings: Uint32Array, entries: Int32Array, out: Uint32Array): void;
}

export interface RowJudgeParts {
  readonly table: ReadingTable;
  readonly rules: InitiatorRules;
  readonly connections: ConnectionTable;
  readonly addresses: AddressPool;
  readonly columns: ReadingColumns;
  readonly admissions: Admissions;
  readonly judgementOf: JudgementTable["judgementOf"];
}

export function createRowJudge(parts: RowJudgeParts): RowJudge {
  const { table, rules, connections, addresses, columns, admissions, judgementOf } = parts;
  let pairs: Set<string> | null = null;

  /** Hosts with a tracked flow between them, for ICMP errors about it; made only when a segment asks. */
  const haveFlow = (): boolean => {
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
    return pairs.has(`${key[INTERFACE]}|${key[LOCAL]}|${key[REMOTE]}`);
  };

  const key = createKeys(1);
  const judgeRows = (
    batch: FlowBatch,
    readings: Uint32Array,
    entries: Int32Array,
    out: Uint32Array,
    from: number,
    to: number,
  ): void => {
    // Fetched side by side before they are judged one after the other.
    connections.warmEntries(entries, from, to);
    const { words } = connections;
    const { direction: directions, deniedByAcl } = columns;
    const { admittedFor } = admissions;
    const { bits: bitsColumn, protocol: protocols, tcpFlags, accountId, packets, bytes } = batch;
    for (let row = from; row < to; row++) {
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
          writeKey(batch, row, direction, addresses, key, 0);
          const refusedPing = !accepted && isAsLongAsPings(bytes[row], packets[row], key[KIND] >>> 8 === IPV6);
          if (!refusedPing && haveFlow()) packed |= RELATED;
          else if (accepted && words[entry * STRIDE + (egress ? FIRST_IN : FIRST_OUT)] === NEVER) packed |= UNANSWERED;
        }
      }
      out[row] = judgementOf(reading, accountId[row], admitted, packed);
    }
  };

  return {
    beginSegment() {
      pairs = null;
    },
    judge(batch, readings, entries, out) {
      inSteps(batch.rows, (from, to) => judgeRows(batch, readings, entries, out, from, to));
    },
  };
}
