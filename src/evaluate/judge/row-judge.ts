import {
  ACTION_ACCEPT,
  ACTION_MASK,
  type FlowBatch,
  HAS_TCP_FLAGS,
  REJECT_REASON_SHIFT,
  STATUS_SHIFT,
} from "../../decode/flow-batch.ts";
import { IPV6 } from "../../net/address.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../../policy/services.ts";
import { forEachChunk } from "../chunks.ts";
import type { AddressPool } from "../conntrack/address-pool.ts";
import type { ConnectionTable } from "../conntrack/connections.ts";
import {
  bothAnswered,
  createKeys,
  EVIDENCE_MASK,
  EVIDENCE_SHIFT,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  FLAGS_KNOWN,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LOCAL,
  LOCAL_OPENED,
  NEVER,
  openedByFlags,
  REMOTE,
  REMOTE_OPENED,
  REPLY_TRIED,
  STATE,
  STRIDE,
  SYN,
  SYN_ACK,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  UNKNOWN,
  writeKey,
} from "../conntrack/layout.ts";
import { NO_ENTRY } from "../conntrack/observe.ts";
import { isStray } from "../facts/usage.ts";
import type { LookupColumns } from "../lookup/lookup-columns.ts";
import { EGRESS, NOT_ASKED, type PolicyLookup, type LookupTable } from "../lookup/policy-lookup.ts";
import { EVIDENCE_CODE, type InitiatorRules } from "./initiator.ts";
import { type JudgementTable, LATE, RELATED, STRAY, WEAK_EVIDENCE, UNANSWERED, UNCERTAIN } from "./judgement-table.ts";
import type { OpeningMatches } from "./opening-match.ts";
import { beginsLate, connectionOf, isOfConnection } from "./rejected-records.ts";

/** Last pass over a segment: the judgement of each row, once all that its records show of connections is known. */
export interface RowJudge {
  /** Before the first batch of a segment. */
  beginSegment(): void;
  /** Writes the number of each row's judgement to `out`. `entries` is what `observe` and `attachRejected` made of the rows. */
  judge(batch: FlowBatch, lookups: Uint32Array, entries: Int32Array, out: Uint32Array): void;
}

export interface RowJudgeParts {
  readonly table: LookupTable;
  readonly rules: InitiatorRules;
  readonly connections: ConnectionTable;
  readonly addresses: AddressPool;
  readonly columns: LookupColumns;
  readonly admissions: OpeningMatches;
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
    lookups: Uint32Array,
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
      const lookup = lookups[row];
      let packed =
        (bits & ACTION_MASK) | (((bits >>> STATUS_SHIFT) & 3) << 2) | (((bits >>> REJECT_REASON_SHIFT) & 3) << 4);
      let admitted = NOT_ASKED;
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
        // A SYN-ACK that answers nothing in the log and that the network ACL lets pass was scattered here by a stranger.
        if (entry < 0 && (flags & SYN_ACK) === SYN_ACK && deniedByAcl[lookup] === 0) opened = UNKNOWN;
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
            const aclDenies = deniedByAcl[lookup] === 1;
            // Outbound the groups come before the network ACL, inbound they never saw what it stopped.
            if (egress && opened === REMOTE_OPENED && aclDenies) words[base + STATE] = state | REPLY_TRIED;
            if (isStrayAnswer(batch, row, words, base, egress, aclDenies)) packed |= STRAY;
            if (late && (flags & SYN_ACK) !== SYN) packed |= LATE;
          }
        } else if (opened === UNKNOWN && (bits & ACTION_MASK) !== 0) {
          // A rejected record of no known connection: who is heard began, unless it can only be a server's answer.
          const answers = egress && deniedByAcl[lookup] === 1 && serverAnswers(batch, row, rules);
          opened = egress === answers ? REMOTE_OPENED : LOCAL_OPENED;
          evidence = answers ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.only_direction;
          if (!answers && !accepted && isBare(batch, row)) packed |= STRAY;
        }
        if (opened === UNKNOWN) evidence = EVIDENCE_CODE.none;
        packed |= (opened << 8) | (evidence << 10);
        const ported = protocol === TCP || protocol === UDP;
        const unsure = ported ? accepted && WEAK_EVIDENCE[evidence] === 1 : true;
        if (unsure) packed |= UNCERTAIN;
        if (entry >= 0) admitted = admittedFor(entry * STRIDE, opened, lookup, unsure);
        if ((protocol === ICMP || protocol === ICMPV6) && deniedByGroups(table, lookup)) {
          writeKey(batch, row, direction, addresses, key, 0);
          const refusedPing = !accepted && isAsLongAsPings(bytes[row], packets[row], key[KIND] >>> 8 === IPV6);
          if (!refusedPing && haveFlow()) packed |= RELATED;
          else if (accepted && words[entry * STRIDE + (egress ? FIRST_IN : FIRST_OUT)] === NEVER) packed |= UNANSWERED;
        }
      }
      out[row] = judgementOf(lookup, accountId[row], admitted, packed);
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

/** The source port is a server's and the destination port a client's: the packet answers one that is not in the log. */
function serverAnswers(batch: FlowBatch, row: number, rules: InitiatorRules): boolean {
  const ranks = batch.protocol[row] === TCP ? rules.rankTcp : batch.protocol[row] === UDP ? rules.rankUdp : null;
  return ranks !== null && ranks[batch.srcPort[row]] - ranks[batch.dstPort[row]] >= 2;
}

/** A TCP record that shows its flags, and no SYN among them. */
function isBare(batch: FlowBatch, row: number): boolean {
  return batch.protocol[row] === TCP && (batch.bits[row] & HAS_TCP_FLAGS) !== 0 && (batch.tcpFlags[row] & SYN) === 0;
}

/**
 * A rejected RST that answers a bare packet of no connection: the connection has no SYN in the log (or, without flags, no
 * packet as long as one), nothing was ever answered, and this is one packet. Without flags a RST is known by its length;
 * where the network ACL may be what stopped it, what it answers must be as short, or it may have been a SYN.
 */
function isStrayAnswer(
  batch: FlowBatch,
  row: number,
  words: Uint32Array,
  base: number,
  egress: boolean,
  aclDenies: boolean,
): boolean {
  if ((words[base + KIND] & 0xff) !== TCP || batch.packets[row] !== 1) return false;
  if (words[base + (egress ? FIRST_OUT : FIRST_IN)] !== NEVER) return false;
  if (!isStray(words, base)) return false;
  if (words[base + STATE] & FLAGS_KNOWN) return true;
  const bare = words[base + KIND] >>> 8 === IPV6 ? 60 : 40;
  return (
    batch.bytes[row] <= bare && (!aclDenies || words[base + TOTAL_BYTES_OUT] + words[base + TOTAL_BYTES_IN] <= bare)
  );
}

/**
 * An ICMP record with packets as long as `ping` sends them unless it is told otherwise (84 bytes on Linux, 60 on Windows,
 * 20 more over IPv6): hardly errors, which are as long as what they quote.
 */
function isAsLongAsPings(bytes: number, packets: number, ipv6: boolean): boolean {
  const each = bytes / packets - (ipv6 ? 20 : 0);
  return each === 84 || each === 60;
}

/** The groups let nothing like the record pass, whoever of the two began, under a configuration that may have decided it. */
function deniedByGroups({ lookups, matches }: LookupTable, lookup: number): boolean {
  const denied = ({ sgIfLocal, sgIfRemote }: PolicyLookup): boolean =>
    sgIfLocal !== NOT_ASKED && (matches[sgIfLocal].answer === "deny" || matches[sgIfRemote].answer === "deny");
  return denied(lookups[lookup]) || lookups[lookup].others.some((other) => denied(lookups[other]));
}
