import { EVIDENCE, type InitiatorEvidence } from "../../judgement.ts";
import { portRank } from "../../net/protocols.ts";
import { TCP, UDP } from "../../policy/services.ts";
import { forEachChunk } from "../chunks.ts";
import type { ConnectionTable } from "../conntrack/connections.ts";
import type { EndpointFanIn } from "../conntrack/endpoint-fan-in.ts";
import {
  bothAnswered,
  DECIDED,
  EVIDENCE_SHIFT,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  KIND,
  LOCAL,
  LOCAL_OPENED,
  NEVER,
  OPENED_BY,
  openedByFlags,
  PORTS,
  REMOTE,
  REMOTE_OPENED,
  STATE,
  STRIDE,
  UNKNOWN,
} from "../conntrack/layout.ts";
import type { SegmentDeltas } from "../conntrack/segment-deltas.ts";

/** Codes of `EVIDENCE`, by name. */
export const EVIDENCE_CODE = Object.fromEntries(EVIDENCE.map((name, code) => [name, code])) as Record<
  InitiatorEvidence,
  number
>;

export interface InitiatorRules {
  /** For each port: rank as a server's port (`portRank`), for TCP and for UDP. */
  readonly rankTcp: Uint8Array;
  readonly rankUdp: Uint8Array;
}

const UNNAMED = new Uint8Array(65_536).map((_, port) => portRank(port, false));

/** Ranks of all ports; `namedTcp` and `namedUdp` are ports that a rule of the policy names one by one. */
export function createInitiatorRules(namedTcp: Iterable<number>, namedUdp: Iterable<number>): InitiatorRules {
  const table = (named: Iterable<number>): Uint8Array => {
    const ranks = UNNAMED.slice();
    for (const port of named) ranks[port] = portRank(port, true);
    return ranks;
  };
  return { rankTcp: table(namedTcp), rankUdp: table(namedUdp) };
}

/**
 * Decides who opened each touched connection and writes it into the entry's state. Best evidence first: TCP flags, an
 * earlier decision, which port is a server's, at which end many connections meet, which direction began earlier, which
 * direction the policy allows (`byPolicy`, by lookup), the lower port. InitiatorEvidence that does not depend on the policy comes before the policy: a
 * rule that is missing from the model must not turn a server into a client.
 */
export function decideInitiators(
  { words }: ConnectionTable,
  touched: SegmentDeltas,
  rules: InitiatorRules,
  byPolicy: Uint8Array,
  ends: EndpointFanIn,
): void {
  const ambiguous: number[] = [];
  forEachChunk(touched.count, (from, to) =>
    decideByItself(words, touched.entries.subarray(from, to), rules, ambiguous),
  );
  if (ambiguous.length === 0) return;
  ends.count(words, ambiguous, touched.entries.subarray(0, touched.count));
  const policySays = (base: number): number => byPolicy[words[base + OPENED_BY] - 1];
  const otherEnd = createOtherEnd(words, ambiguous, policySays);
  forEachChunk(ambiguous.length, (from, to) => {
    decideAmbiguous(words, ambiguous.slice(from, to), ends, rules, policySays, otherEnd);
  });
}

/** What a connection's own records tell; the others are left to `ambiguous`. */
function decideByItself(words: Uint32Array, entries: Uint32Array, rules: InitiatorRules, ambiguous: number[]): void {
  for (let at = 0; at < entries.length; at++) {
    const base = entries[at] * STRIDE;
    const flags = words[base + FLAGS];
    const out = flags & 0xff;
    const inward = flags >>> 8;
    // A lone SYN tells more than a SYN-ACK: the latter may be scattered back by a host that was spoofed.
    const simultaneous = bothAnswered(flags);
    let opened = simultaneous ? UNKNOWN : openedByFlags(out, true);
    if (opened !== LOCAL_OPENED && !simultaneous) {
      const other = openedByFlags(inward, false);
      if (other === REMOTE_OPENED || opened === UNKNOWN) opened = other;
    }
    if (opened !== UNKNOWN) {
      record(words, base, opened, EVIDENCE_CODE.tcp_flags);
      continue;
    }
    if (words[base + STATE] & DECIDED) continue;
    const gap = rankGap(words, base, rules);
    if (gap >= 2) record(words, base, REMOTE_OPENED, EVIDENCE_CODE.service_port);
    else if (gap <= -2) record(words, base, LOCAL_OPENED, EVIDENCE_CODE.service_port);
    else ambiguous.push(base);
  }
}

function record(words: Uint32Array, base: number, opened: number, evidence: number): void {
  const kept = words[base + STATE] & ~(0b111111 | DECIDED);
  words[base + STATE] = kept | opened | (evidence << EVIDENCE_SHIFT) | (opened === UNKNOWN ? 0 : DECIDED);
}

/** Where neither port is a known server's, a client may well have chosen the one that looks more like one. */
function portEvidence(words: Uint32Array, base: number, rules: InitiatorRules): number {
  const ranks = (words[base + KIND] & 0xff) === TCP ? rules.rankTcp : rules.rankUdp;
  const ports = words[base + PORTS];
  const known = Math.max(ranks[ports >>> 16], ranks[ports & 0xffff]) > 1;
  return known ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.likelier_port;
}

/** Rank of the local port minus rank of the remote one; 0 for protocols without ports. */
function rankGap(words: Uint32Array, base: number, rules: InitiatorRules): number {
  const protocol = words[base + KIND] & 0xff;
  if (protocol !== TCP && protocol !== UDP) return 0;
  const ranks = protocol === TCP ? rules.rankTcp : rules.rankUdp;
  const ports = words[base + PORTS];
  return ranks[ports >>> 16] - ranks[ports & 0xffff];
}

function decideAmbiguous(
  words: Uint32Array,
  ambiguous: readonly number[],
  ends: EndpointFanIn,
  rules: InitiatorRules,
  policySays: (base: number) => number,
  otherEnd: (base: number) => number,
): void {
  for (const base of ambiguous) {
    const atLocal = ends.atLocal(words, base);
    const atRemote = ends.atRemote(words, base);
    const out = words[base + FIRST_OUT];
    const inward = words[base + FIRST_IN];
    const gap = rankGap(words, base, rules);
    const ported = words[base + PORTS] !== 0;
    if (ported && atLocal >= 3 && atLocal >= atRemote * 2)
      record(words, base, REMOTE_OPENED, EVIDENCE_CODE.many_clients);
    else if (ported && atRemote >= 3 && atRemote >= atLocal * 2)
      record(words, base, LOCAL_OPENED, EVIDENCE_CODE.many_clients);
    else if (out === NEVER || inward === NEVER) {
      // Half a conversation: a rank that tells something, else whoever is heard is the one who began.
      if (gap !== 0) record(words, base, gap > 0 ? REMOTE_OPENED : LOCAL_OPENED, portEvidence(words, base, rules));
      else record(words, base, inward === NEVER ? LOCAL_OPENED : REMOTE_OPENED, EVIDENCE_CODE.only_direction);
    } else if (out !== inward) {
      record(words, base, out < inward ? LOCAL_OPENED : REMOTE_OPENED, EVIDENCE_CODE.earlier_start);
    } else if (gap !== 0) record(words, base, gap > 0 ? REMOTE_OPENED : LOCAL_OPENED, portEvidence(words, base, rules));
    else {
      const allowed = policySays(base) || otherEnd(base);
      const ports = words[base + PORTS];
      if (allowed !== UNKNOWN) record(words, base, allowed, EVIDENCE_CODE.policy);
      else if (ports >>> 16 !== (ports & 0xffff)) {
        record(words, base, ports >>> 16 < (ports & 0xffff) ? REMOTE_OPENED : LOCAL_OPENED, EVIDENCE_CODE.lower_port);
      } else record(words, base, UNKNOWN, EVIDENCE_CODE.none);
    }
  }
}

/** What the policy at the other end's interface says, where that end is logged too: the same connection, seen from there. */
function createOtherEnd(
  words: Uint32Array,
  ambiguous: readonly number[],
  policySays: (base: number) => number,
): (base: number) => number {
  let ends: Map<string, number> | null = null;
  const keyOf = (base: number, swap: boolean): string => {
    const ports = words[base + PORTS];
    const [own, far] = [`${words[base + LOCAL]}:${ports >>> 16}`, `${words[base + REMOTE]}:${ports & 0xffff}`];
    return `${words[base + KIND]}|${swap ? far : own}|${swap ? own : far}`;
  };
  return (base) => {
    ends ??= new Map(ambiguous.map((one) => [keyOf(one, false), one]));
    const mirror = ends.get(keyOf(base, true));
    const said = mirror === undefined ? UNKNOWN : policySays(mirror);
    return said === UNKNOWN ? UNKNOWN : said === LOCAL_OPENED ? REMOTE_OPENED : LOCAL_OPENED;
  };
}
