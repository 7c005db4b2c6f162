import { TCP } from "../policy/compile/services.ts";
import {
  COUNTED,
  COUNTED_MEANINGFUL,
  COUNTED_REPLIED,
  COUNTED_RESET,
  FLAGS,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LAST,
  OPENED_AT,
  OPENINGS_SHIFT,
  PORTS,
  REMOTE,
  STATE,
  STRIDE,
  SUMS,
  TOTAL_BYTES_IN,
  TOTAL_BYTES_OUT,
  TOTAL_PACKETS,
  type ConnectionTable,
} from "./connections.ts";
import { TRAFFIC_SUMS, TRAFFIC_WORDS, type TrafficCollector } from "./facts.ts";
import { LOCAL_OPENED } from "./initiator.ts";
import { EGRESS, INGRESS } from "./reading.ts";

const RST = 4;
const DAY = 86_400;

/**
 * The floor above which a connection means something: an exchange that a port scan or a refused knock does not reach.
 * TCP: three packets each way and more bytes than bare headers (52 bytes a packet with options, and a little).
 * Other protocols: an answer.
 */
export function isMeaningful(
  protocol: number,
  out: number,
  back: number,
  bytesOut: number,
  bytesBack: number,
): boolean {
  if (out === 0 || back === 0) return false;
  if (protocol !== TCP) return true;
  return out >= 3 && back >= 3 && bytesOut + bytesBack > 60 * (out + back) + 40;
}

/**
 * Reports what each touched connection added since it was reported last, under the rules that admitted it. `ruleSetOf`
 * gives the rule set of an entry, or -1 when no rule is credited.
 */
export function reportUsage(
  connections: ConnectionTable,
  touched: Uint32Array,
  ruleSetOf: (base: number) => number,
  traffic: TrafficCollector,
): void {
  const { words, floats } = connections;
  for (const entry of touched) {
    const base = entry * STRIDE;
    const sums = (base >> 1) + SUMS;
    const ruleSet = ruleSetOf(base);
    const openings = words[base + STATE] >>> OPENINGS_SHIFT;
    if (ruleSet >= 0) {
      const state = words[base + STATE];
      const opened = state & INITIATOR_MASK;
      const local = opened === LOCAL_OPENED;
      const protocol = words[base + KIND] & 0xff;
      const ports = words[base + PORTS];
      const fresh = (state & COUNTED) === 0;
      const last = words[base + LAST];
      const at = traffic.row(
        Math.floor((fresh ? words[base + OPENED_AT] : last) / DAY),
        words[base + INTERFACE],
        ruleSet,
        local ? EGRESS : INGRESS,
        protocol,
        local ? ports & 0xffff : ports >>> 16,
        words[base + KIND] >>> 8,
        words[base + REMOTE],
      );
      const { facts } = traffic;
      const word = at * TRAFFIC_WORDS;
      const first = fresh ? words[base + OPENED_AT] : last;
      if (first < facts.words[word + 8]) facts.words[word + 8] = first;
      if (last > facts.words[word + 9]) facts.words[word + 9] = last;

      const packetsOut = words[base + TOTAL_PACKETS] & 0xffff;
      const packetsIn = words[base + TOTAL_PACKETS] >>> 16;
      const [there, back] = local ? [packetsOut, packetsIn] : [packetsIn, packetsOut];
      const bytes = words[base + TOTAL_BYTES_OUT] + words[base + TOTAL_BYTES_IN];
      const replied = there > 0 && back > 0;
      const meaningful = isMeaningful(protocol, there, back, bytes, 0);
      const flags = words[base + FLAGS];
      const refused =
        protocol === TCP && replied && !meaningful && (((flags | (flags >>> 8)) & RST) !== 0 || back <= 1);

      const sum = at * TRAFFIC_SUMS;
      const counted = fresh ? Math.max(1, openings) : openings;
      facts.sums[sum] += counted;
      let next = state | COUNTED;
      if (replied && (fresh || openings > 0 || (state & COUNTED_REPLIED) === 0)) {
        facts.sums[sum + 1] += Math.max(1, counted);
        next |= COUNTED_REPLIED;
      }
      if (meaningful && (fresh || openings > 0 || (state & COUNTED_MEANINGFUL) === 0)) {
        facts.sums[sum + 2] += Math.max(1, counted);
        next |= COUNTED_MEANINGFUL;
      }
      if (refused && (state & COUNTED_RESET) === 0) {
        facts.sums[sum + 3] += Math.max(1, counted);
        next |= COUNTED_RESET;
      }
      const [there4, back4] = local ? [sums, sums + 1] : [sums + 1, sums];
      facts.sums[sum + 4] += floats[there4];
      facts.sums[sum + 5] += floats[there4 + 2];
      facts.sums[sum + 6] += floats[back4];
      facts.sums[sum + 7] += floats[back4 + 2];
      words[base + STATE] = next;
    }
    words[base + STATE] &= (1 << OPENINGS_SHIFT) - 1;
    floats.fill(0, sums, sums + 4);
  }
}
