import { isIcmp, TCP } from "../../net/protocols.ts";
import {
  ANSWER_DROPPED,
  COUNT_SHIFT,
  COUNTED,
  COUNTED_MEANINGFUL,
  COUNTED_OPENING,
  COUNTED_REPLIED,
  COUNTED_REPLY_RULE,
  COUNTED_RESET,
  familyOf,
  FLAGS,
  initiatorOf,
  INTERFACE,
  LAST,
  LOCAL_OPENED,
  localPortOf,
  MOST_COUNTED,
  OPENED_BY,
  POSSIBLE_COUNTED,
  POSSIBLE_MEANINGFUL,
  POSSIBLE_REPLIED,
  openedAt,
  protocolOf,
  REMOTE,
  REMOTE_OPENED,
  remotePortOf,
  REPLY_TRIED,
  RST,
  STATE,
  STRIDE,
  TOTAL_PACKETS,
  UNKNOWN,
} from "../conntrack/entry-layout.ts";
import { BOTH_POSSIBLE, possibleOpeners } from "../judge/possible-openers.ts";
import { openingsOf } from "../conntrack/openings.ts";
import { isOutOfState } from "../conntrack/out-of-state.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { CHUNK, forEachChunk } from "../dense/loops.ts";
import { DELTA_SUMS, type SegmentDeltas } from "../dense/segment-deltas.ts";
import { hashOfTraffic, TRAFFIC_SUMS, TRAFFIC_WORDS, type TrafficTable } from "../dense/traffic-table.ts";
import { type LookupColumns, sideOf } from "../lookup/lookup-columns.ts";
import { LIKELIER, OTHER, SOLE } from "./rule-sets.ts";
import { EGRESS, INGRESS } from "../lookup/policy-lookup.ts";
import type { RealUseTest } from "./real-use.ts";

const DAY = 86_400;
const dayOf = (time: number): number => (time / DAY) >>> 0;

/** Adds what each connection of the segment gained to the traffic of the rules that admitted it. */
export function reportUsage(
  connections: ConnectionTable,
  deltas: SegmentDeltas,
  lookups: LookupColumns,
  traffic: TrafficTable,
  isRealUse: RealUseTest,
): void {
  const { words } = connections;
  forEachChunk(deltas.count, (from, to) => {
    connections.prefetchEntries(deltas.entries, from, to);
    prefetchTraffic(words, deltas, from, to, traffic);
    for (let delta = from; delta < to; delta++) {
      const base = deltas.entries[delta] * STRIDE;
      const openers = possibleOpeners(words, base, lookups);
      const opened = openers & ~BOTH_POSSIBLE;
      const both = opened !== openers;
      const meaningful = isRealUse(words, base);
      const named = initiatorOf(words, base);
      if (!both && named !== UNKNOWN && named !== opened && isIcmp(protocolOf(words, base))) {
        // Its sender's rules refuse it. It may be an error about a tracked flow, which passes without a rule (EC2 User Guide,
        // "Security group connection tracking"), so what the other end could have opened is possible, not credited.
        reportPossible(words, base, deltas, delta, named, meaningful, lookups, traffic);
        continue;
      }
      if (opened !== UNKNOWN) {
        const side = sideOf(words[base + OPENED_BY] - 1, opened);
        const role = both ? LIKELIER : SOLE;
        const sets = { admitting: lookups.ruleSetOf(side, role), replying: lookups.replyRuleSetOf(side, role) };
        if (sets.admitting >= 0) reportConnection(words, base, deltas, delta, opened, sets, meaningful, traffic);
      }
      if (both) reportPossible(words, base, deltas, delta, opened, meaningful, lookups, traffic);
    }
  });
}

/** Prefetches the rows of traffic that `reportConnection` adds to. */
function prefetchTraffic(
  words: Uint32Array,
  { entries }: SegmentDeltas,
  from: number,
  to: number,
  traffic: TrafficTable,
): void {
  for (let delta = from; delta < to; delta++) {
    const base = entries[delta] * STRIDE;
    const local = initiatorOf(words, base) === LOCAL_OPENED;
    const port = local ? remotePortOf(words, base) : localPortOf(words, base);
    const day = dayOf(openedAt(words, base));
    hashes[delta - from] = hashOfTraffic(day, words[base + INTERFACE], port, words[base + REMOTE]);
  }
  traffic.prefetch(hashes, to - from);
}

const hashes = new Uint32Array(CHUNK);

/** Numbers of rule sets: `replying` (-1: none) lets the replies of an untracked flow pass. */
interface CreditedSets {
  readonly admitting: number;
  readonly replying: number;
}

/** Counts a connection that `opened` opened for the rules that admitted it. */
function reportConnection(
  words: Uint32Array,
  base: number,
  deltas: SegmentDeltas,
  delta: number,
  opened: number,
  sets: CreditedSets,
  meaningful: boolean,
  traffic: TrafficTable,
): void {
  const state = words[base + STATE];
  const local = opened === LOCAL_OPENED;
  const protocol = protocolOf(words, base);
  const family = familyOf(words, base);
  const eni = words[base + INTERFACE];
  const remote = words[base + REMOTE];
  const port = local ? remotePortOf(words, base) : localPortOf(words, base);
  const fresh = (state & COUNTED) === 0;
  const last = words[base + LAST];
  // What a connection gained since its last report counts on the day of its latest record. On that day it may have begun
  // earlier than was known.
  const began = openedAt(words, base);
  const first = fresh || dayOf(began) === dayOf(last) ? began : last;
  const day = dayOf(first);
  const opener = local ? EGRESS : INGRESS;
  const answerer = local ? INGRESS : EGRESS;

  const totals = words[base + TOTAL_PACKETS];
  const there = local ? totals & 0xffff : totals >>> 16;
  const back = local ? totals >>> 16 : totals & 0xffff;
  const flags = words[base + FLAGS];
  const replied = there > 0 && (back > 0 || (flags & ANSWER_DROPPED) !== 0);
  const refused = protocol === TCP && replied && !meaningful && (((flags | (flags >>> 8)) & RST) !== 0 || back <= 1);
  const openings = openingsOf(deltas.openings[delta], protocol, local);
  const outOfState = isOutOfState(words, base);
  // An entry stands for one connection, or for as many as were seen to open, whenever each of them was reported.
  const reported = fresh ? 0 : 1;
  const counted = outOfState ? 0 : state & COUNTED_OPENING ? openings : Math.max(1, openings) - reported;

  // The row first: it may replace the arrays.
  const row = traffic.row(day, eni, sets.admitting, opener, protocol, port, family, remote);
  const { sums } = traffic;
  extendTimes(traffic.words, row, first, last);
  const sum = row * TRAFFIC_SUMS;
  sums[sum] += counted;
  const total = Math.min(MOST_COUNTED, (state >>> COUNT_SHIFT) + counted);
  let next = (outOfState ? state : state | COUNTED) & ~(MOST_COUNTED << COUNT_SHIFT);
  next |= total << COUNT_SHIFT;
  if (openings > 0) next |= COUNTED_OPENING;
  // All connections of an entry count as replied, meaningful or reset as soon as one is.
  if (replied) {
    sums[sum + 1] += state & COUNTED_REPLIED ? counted : total;
    next |= COUNTED_REPLIED;
  }
  if (meaningful) {
    sums[sum + 2] += state & COUNTED_MEANINGFUL ? counted : total;
    next |= COUNTED_MEANINGFUL;
  }
  if (refused) {
    sums[sum + 3] += state & COUNTED_RESET ? counted : total;
    next |= COUNTED_RESET;
  }
  const added = deltas.sums;
  const out = delta * DELTA_SUMS;
  const forward = local ? out : out + 1;
  const backward = local ? out + 1 : out;
  sums[sum + 4] += added[forward];
  sums[sum + 5] += added[forward + 2];
  sums[sum + 6] += added[backward];
  sums[sum + 7] += added[backward + 2];

  if (sets.replying >= 0 && (back > 0 || (state & REPLY_TRIED) !== 0)) {
    // The replies of an untracked flow pass by a rule of their own. Port 0: whatever port the client had.
    const replyRow = traffic.row(day, eni, sets.replying, answerer, protocol, 0, family, remote);
    extendTimes(traffic.words, replyRow, first, last);
    const replySums = traffic.sums;
    const reply = replyRow * TRAFFIC_SUMS;
    const replies = (state & COUNTED_REPLY_RULE) === 0 ? total : counted;
    next |= COUNTED_REPLY_RULE;
    replySums[reply] += replies;
    replySums[reply + 1] += replies;
    if (meaningful) replySums[reply + 2] += state & COUNTED_MEANINGFUL ? replies : total;
    replySums[reply + 4] += added[backward];
    replySums[reply + 5] += added[backward + 2];
  }
  words[base + STATE] = next;
}

/**
 * Counts a connection, once, for the rules that may have admitted it: those of each end that may have opened it and is not
 * the `likelier` one.
 */
function reportPossible(
  words: Uint32Array,
  base: number,
  deltas: SegmentDeltas,
  delta: number,
  likelier: number,
  meaningful: boolean,
  lookups: LookupColumns,
  traffic: TrafficTable,
): void {
  const protocol = protocolOf(words, base);
  const totals = words[base + TOTAL_PACKETS];
  const [out, inward] = [totals & 0xffff, totals >>> 16];
  const flags = words[base + FLAGS];
  const replied = out > 0 && inward > 0;
  const last = words[base + LAST];
  const began = openedAt(words, base);
  const first = (flags & POSSIBLE_COUNTED) === 0 || dayOf(began) === dayOf(last) ? began : last;
  const added = [
    flags & POSSIBLE_COUNTED ? 0 : 1,
    replied && !(flags & POSSIBLE_REPLIED) ? 1 : 0,
    meaningful && !(flags & POSSIBLE_MEANINGFUL) ? 1 : 0,
  ];
  for (const opened of [LOCAL_OPENED, REMOTE_OPENED]) {
    if (opened === likelier) continue;
    const local = opened === LOCAL_OPENED;
    const side = sideOf(words[base + OPENED_BY] - 1, opened);
    const [there, back] = local ? [0, 1] : [1, 0];
    const sums = deltas.sums.subarray(delta * DELTA_SUMS);
    const bytesThere = [sums[there], sums[there + 2]];
    const bytesBack = [sums[back], sums[back + 2]];
    const add = (ruleSet: number, direction: number, port: number, amounts: readonly number[]): void => {
      if (ruleSet < 0) return;
      const eni = words[base + INTERFACE];
      const row = traffic.row(
        dayOf(first),
        eni,
        ruleSet,
        direction,
        protocol,
        port,
        familyOf(words, base),
        words[base + REMOTE],
      );
      extendTimes(traffic.words, row, first, last);
      amounts.forEach((amount, at) => (traffic.sums[row * TRAFFIC_SUMS + at] += amount));
    };
    const port = local ? remotePortOf(words, base) : localPortOf(words, base);
    const amounts = [...added, 0, ...bytesThere, ...bytesBack];
    add(lookups.ruleSetOf(side, OTHER), local ? EGRESS : INGRESS, port, amounts);
    if ((local ? inward : out) === 0) continue;
    add(lookups.replyRuleSetOf(side, OTHER), local ? INGRESS : EGRESS, 0, [...added, 0, ...bytesBack, 0, 0]);
  }
  const reported = POSSIBLE_COUNTED | (replied ? POSSIBLE_REPLIED : 0) | (meaningful ? POSSIBLE_MEANINGFUL : 0);
  words[base + FLAGS] = flags | reported;
}

/** Widens the times of a row of traffic. */
export function extendTimes(words: Uint32Array, row: number, first: number, last: number): void {
  const base = row * TRAFFIC_WORDS;
  if (first < words[base + 8]) words[base + 8] = first;
  if (last > words[base + 9]) words[base + 9] = last;
}
