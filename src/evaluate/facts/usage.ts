import { IPV6 } from "../../net/address.ts";
import { TCP } from "../../policy/services.ts";
import { forEachChunk, STEP } from "../chunks.ts";
import type { ConnectionTable } from "../conntrack/connections.ts";
import {
  COUNT_SHIFT,
  COUNTED,
  COUNTED_MEANINGFUL,
  COUNTED_OPENING,
  COUNTED_REPLIED,
  COUNTED_REPLY_RULE,
  COUNTED_RESET,
  FLAGS,
  FLAGS_KNOWN,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LAST,
  LOCAL_OPENED,
  MOST_COUNTED,
  OPENED_BY,
  openedAt,
  PORTS,
  REMOTE,
  REPLY_TRIED,
  RST,
  STATE,
  STRIDE,
  SYN_SEEN,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  UNKNOWN,
} from "../conntrack/layout.ts";
import { type SegmentDeltas, DELTA_SUMS } from "../conntrack/segment-deltas.ts";
import { type LookupColumns, sideOf } from "../lookup/lookup-columns.ts";
import { EGRESS, INGRESS } from "../lookup/policy-lookup.ts";
import { hashOfTraffic, TRAFFIC_SUMS, TRAFFIC_WORDS, type TrafficCollector } from "./traffic.ts";

const DAY = 86_400;
const dayOf = (time: number): number => (time / DAY) >>> 0;

/**
 * The floor above which a connection means something: an exchange that a port scan or a refused knock does not reach.
 * TCP: three packets each way and more bytes than bare headers (52 bytes a packet with options, and a little).
 * Other protocols: an answer.
 */
function isMeaningful(protocol: number, out: number, back: number, bytes: number): boolean {
  if (out === 0 || back === 0) return false;
  if (protocol !== TCP) return true;
  return out >= 3 && back >= 3 && bytes > 60 * (out + back) + 40;
}

const BARE = 52; // bytes of a TCP packet with time stamps and nothing else; IPv6 adds 20

/**
 * A TCP packet that opened nothing: one bare packet one way, without SYN where the record carries flags. A firewall with
 * connection tracking judges it by the rules alone and remembers nothing.
 */
export function isStray(words: Uint32Array, base: number): boolean {
  if ((words[base + KIND] & 0xff) !== TCP) return false;
  const packets = words[base + TOTAL_PACKETS];
  if ((packets & 0xffff) + (packets >>> 16) !== 1) return false;
  if (words[base + STATE] & FLAGS_KNOWN) return (words[base + STATE] & SYN_SEEN) === 0;
  const more = words[base + KIND] >>> 8 === IPV6 ? 20 : 0;
  return isBare(words[base + TOTAL_BYTES_OUT] + words[base + TOTAL_BYTES_IN] - more);
}

/**
 * As long as a TCP packet without data over IPv4, with time stamps or without any option. One of 44 or 48 bytes has the
 * options that only a SYN has (a scanner's: maximum segment size, selective acknowledgement).
 */
function isBare(bytes: number): boolean {
  return bytes <= BARE && bytes !== 44 && bytes !== 48;
}

/** Reports what each touched connection added since it was reported last, under the rules that admitted it. */
export function reportUsage(
  { words }: ConnectionTable,
  touched: SegmentDeltas,
  lookups: LookupColumns,
  traffic: TrafficCollector,
): void {
  forEachChunk(touched.count, (from, to) => reportPlaces(words, touched, from, to, lookups, traffic));
}

function reportPlaces(
  words: Uint32Array,
  touched: SegmentDeltas,
  from: number,
  to: number,
  lookups: LookupColumns,
  traffic: TrafficCollector,
): void {
  warmTraffic(words, touched, from, to, traffic);
  for (let place = from; place < to; place++) {
    const base = touched.entries[place] * STRIDE;
    const opened = words[base + STATE] & INITIATOR_MASK;
    if (opened === UNKNOWN) continue;
    const side = sideOf(words[base + OPENED_BY] - 1, opened);
    const ruleSet = lookups.ruleSetOf(side);
    if (ruleSet >= 0) reportConnection(words, base, touched, place, ruleSet, lookups.replyRuleSetOf(side), traffic);
  }
}

/** Reads what `reportConnection` is about to ask for, in short loops (`TrafficCollector.warm`). */
function warmTraffic(
  words: Uint32Array,
  touched: SegmentDeltas,
  from: number,
  to: number,
  traffic: TrafficCollector,
): void {
  const { entries } = touched;
  touched.warm(words, from, to);
  for (let place = from; place < to; place++) {
    const base = entries[place] * STRIDE;
    const local = (words[base + STATE] & INITIATOR_MASK) === LOCAL_OPENED;
    const ports = words[base + PORTS];
    const port = local ? ports & 0xffff : ports >>> 16;
    hashes[place - from] = hashOfTraffic(
      dayOf(openedAt(words, base)),
      words[base + INTERFACE],
      port,
      words[base + REMOTE],
    );
  }
  traffic.warm(hashes, to - from);
}

const hashes = new Uint32Array(STEP);

/** `ruleSet` admitted the connection; `replyRuleSet` (-1: none) lets the replies of an untracked flow pass. */
function reportConnection(
  words: Uint32Array,
  base: number,
  { sums: added, openings: opened }: SegmentDeltas,
  place: number,
  ruleSet: number,
  replyRuleSet: number,
  traffic: TrafficCollector,
): void {
  const state = words[base + STATE];
  const local = (state & INITIATOR_MASK) === LOCAL_OPENED;
  const protocol = words[base + KIND] & 0xff;
  const family = words[base + KIND] >>> 8;
  const eni = words[base + INTERFACE];
  const remote = words[base + REMOTE];
  const ports = words[base + PORTS];
  const fresh = (state & COUNTED) === 0;
  const last = words[base + LAST];
  // What is new of a connection that was reported counts on the day of its latest record. Of that day, it may have begun
  // earlier than was known.
  const began = openedAt(words, base);
  const first = fresh || dayOf(began) === dayOf(last) ? began : last;
  const day = dayOf(first);
  const opener = local ? EGRESS : INGRESS;
  const answerer = local ? INGRESS : EGRESS;

  const totals = words[base + TOTAL_PACKETS];
  const there = local ? totals & 0xffff : totals >>> 16;
  const back = local ? totals >>> 16 : totals & 0xffff;
  const replied = there > 0 && back > 0;
  const meaningful = isMeaningful(protocol, there, back, words[base + TOTAL_BYTES_OUT] + words[base + TOTAL_BYTES_IN]);
  const flags = words[base + FLAGS];
  const refused = protocol === TCP && replied && !meaningful && (((flags | (flags >>> 8)) & RST) !== 0 || back <= 1);
  const openings = openingsOf(opened[place], protocol, local);
  const stray = isStray(words, base);
  // An entry stands for one connection, or for as many as were seen to open: it makes no difference when that was reported.
  const reported = fresh ? 0 : 1;
  const counted = stray ? 0 : state & COUNTED_OPENING ? openings : Math.max(1, openings) - reported;

  const { facts } = traffic;
  const at = traffic.row(day, eni, ruleSet, opener, protocol, local ? ports & 0xffff : ports >>> 16, family, remote);
  stretch(facts.words, at, first, last);
  const sum = at * TRAFFIC_SUMS;
  facts.sums[sum] += counted;
  const total = Math.min(MOST_COUNTED, (state >>> COUNT_SHIFT) + counted);
  let next = (stray ? state : state | COUNTED) & ~(MOST_COUNTED << COUNT_SHIFT);
  next |= total << COUNT_SHIFT;
  if (openings > 0) next |= COUNTED_OPENING;
  // All connections of the ports count as replied, meaningful, reset once one is, whenever each of them was reported.
  if (replied) {
    facts.sums[sum + 1] += state & COUNTED_REPLIED ? counted : total;
    next |= COUNTED_REPLIED;
  }
  if (meaningful) {
    facts.sums[sum + 2] += state & COUNTED_MEANINGFUL ? counted : total;
    next |= COUNTED_MEANINGFUL;
  }
  if (refused) {
    facts.sums[sum + 3] += state & COUNTED_RESET ? counted : total;
    next |= COUNTED_RESET;
  }
  const out = place * DELTA_SUMS;
  const forward = local ? out : out + 1;
  const backward = local ? out + 1 : out;
  facts.sums[sum + 4] += added[forward];
  facts.sums[sum + 5] += added[forward + 2];
  facts.sums[sum + 6] += added[backward];
  facts.sums[sum + 7] += added[backward + 2];

  if (replyRuleSet >= 0 && (back > 0 || (state & REPLY_TRIED) !== 0)) {
    // The replies of an untracked flow pass by a rule of their own. Port 0: whatever port the client had.
    const replies = traffic.row(day, eni, replyRuleSet, answerer, protocol, 0, family, remote);
    stretch(facts.words, replies, first, last);
    const replySum = replies * TRAFFIC_SUMS;
    const fresher = (state & COUNTED_REPLY_RULE) === 0 ? total : counted;
    next |= COUNTED_REPLY_RULE;
    facts.sums[replySum] += fresher;
    facts.sums[replySum + 1] += fresher;
    if (meaningful) facts.sums[replySum + 2] += state & COUNTED_MEANINGFUL ? fresher : total;
    facts.sums[replySum + 4] += added[backward];
    facts.sums[replySum + 5] += added[backward + 2];
  }
  words[base + STATE] = next;
}

/** Connections that began since the last report, beside the one the entry stands for. */
function openingsOf(openings: number, protocol: number, local: boolean): number {
  // ICMP: records of the initiator. TCP: SYN-ACKs of the responder.
  const ofLocal = openings & 0xffff;
  const ofRemote = openings >>> 16;
  return (protocol === TCP) === local ? ofRemote : ofLocal;
}

function stretch(words: Uint32Array, row: number, first: number, last: number): void {
  const base = row * TRAFFIC_WORDS;
  if (first < words[base + 8]) words[base + 8] = first;
  if (last > words[base + 9]) words[base + 9] = last;
}
