import { EVIDENCE, type InitiatorEvidence } from "../../judgement.ts";
import { portRank } from "../../net/protocols.ts";
import { TCP, UDP } from "../../net/protocols.ts";
import type { EndpointFanIn } from "../conntrack/endpoint-fan-in.ts";
import {
  bothAnswered,
  DECIDED,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  KIND,
  LOCAL,
  LOCAL_OPENED,
  localPortOf,
  NEVER,
  OPENED_BY,
  openedByFlags,
  PORTS,
  protocolOf,
  REMOTE,
  REMOTE_OPENED,
  remotePortOf,
  setInitiator,
  STATE,
  STRIDE,
  UNKNOWN,
} from "../conntrack/entry-layout.ts";
import type { ConnectionTable } from "../dense/connection-table.ts";
import { forEachChunk } from "../dense/loops.ts";
import type { SegmentDeltas } from "../dense/segment-deltas.ts";

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
 * Decides who opened each connection of the segment and writes it into the entry's state. Best evidence first: TCP flags,
 * an earlier decision, which port is a server's, at which end many connections meet, which direction began earlier, which
 * direction the policy allows (`byPolicy`, by lookup), the lower port. Evidence that does not depend on the policy comes
 * first: a rule that is missing from the model must not turn a server into a client.
 */
export function decideInitiators(
  { words }: ConnectionTable,
  deltas: SegmentDeltas,
  rules: InitiatorRules,
  byPolicy: Uint8Array,
  fanIn: EndpointFanIn,
): void {
  const ambiguous: number[] = [];
  forEachChunk(deltas.count, (from, to) => decideByItself(words, deltas.entries.subarray(from, to), rules, ambiguous));
  if (ambiguous.length === 0) return;
  fanIn.count(words, ambiguous, deltas.entries.subarray(0, deltas.count));
  const policySays = (base: number): number => byPolicy[words[base + OPENED_BY] - 1];
  const otherEnd = createOtherEnd(words, ambiguous, policySays);
  forEachChunk(ambiguous.length, (from, to) => {
    decideAmbiguous(words, ambiguous.slice(from, to), fanIn, rules, policySays, otherEnd);
  });
}

/** Decides what a connection's own records tell, and adds the others to `ambiguous`. */
function decideByItself(words: Uint32Array, entries: Int32Array, rules: InitiatorRules, ambiguous: number[]): void {
  for (let at = 0; at < entries.length; at++) {
    const base = entries[at] * STRIDE;
    const flags = words[base + FLAGS];
    const out = flags & 0xff;
    const inward = flags >>> 8;
    // A lone SYN tells more than a SYN-ACK, which may be backscatter of a spoofed address.
    const simultaneous = bothAnswered(flags);
    let opened = simultaneous ? UNKNOWN : openedByFlags(out, true);
    if (opened !== LOCAL_OPENED && !simultaneous) {
      const other = openedByFlags(inward, false);
      if (other === REMOTE_OPENED || opened === UNKNOWN) opened = other;
    }
    if (opened !== UNKNOWN) {
      setInitiator(words, base, opened, EVIDENCE_CODE.tcp_flags);
      continue;
    }
    if (words[base + STATE] & DECIDED) continue;
    const gap = rankGap(words, base, rules);
    if (gap >= 2) setInitiator(words, base, REMOTE_OPENED, EVIDENCE_CODE.service_port);
    else if (gap <= -2) setInitiator(words, base, LOCAL_OPENED, EVIDENCE_CODE.service_port);
    else ambiguous.push(base);
  }
}

/** If neither port is a known server's, a client may well have chosen the one that looks more like one. */
function portEvidence(words: Uint32Array, base: number, rules: InitiatorRules): number {
  const ranks = protocolOf(words, base) === TCP ? rules.rankTcp : rules.rankUdp;
  const known = Math.max(ranks[localPortOf(words, base)], ranks[remotePortOf(words, base)]) > 1;
  return known ? EVIDENCE_CODE.service_port : EVIDENCE_CODE.likelier_port;
}

/** Rank of the local port minus rank of the remote one; 0 for protocols without ports. */
function rankGap(words: Uint32Array, base: number, rules: InitiatorRules): number {
  const protocol = protocolOf(words, base);
  if (protocol !== TCP && protocol !== UDP) return 0;
  const ranks = protocol === TCP ? rules.rankTcp : rules.rankUdp;
  return ranks[localPortOf(words, base)] - ranks[remotePortOf(words, base)];
}

function decideAmbiguous(
  words: Uint32Array,
  ambiguous: readonly number[],
  fanIn: EndpointFanIn,
  rules: InitiatorRules,
  policySays: (base: number) => number,
  otherEnd: (base: number) => number,
): void {
  for (const base of ambiguous) {
    const atLocal = fanIn.atLocal(words, base);
    const atRemote = fanIn.atRemote(words, base);
    const out = words[base + FIRST_OUT];
    const inward = words[base + FIRST_IN];
    const gap = rankGap(words, base, rules);
    const ported = words[base + PORTS] !== 0;
    if (ported && atLocal >= 3 && atLocal >= atRemote * 2)
      setInitiator(words, base, REMOTE_OPENED, EVIDENCE_CODE.many_clients);
    else if (ported && atRemote >= 3 && atRemote >= atLocal * 2)
      setInitiator(words, base, LOCAL_OPENED, EVIDENCE_CODE.many_clients);
    else if (out === NEVER || inward === NEVER) {
      // One direction only: the ranks of the ports if they differ, else the sender.
      if (gap !== 0)
        setInitiator(words, base, gap > 0 ? REMOTE_OPENED : LOCAL_OPENED, portEvidence(words, base, rules));
      else setInitiator(words, base, inward === NEVER ? LOCAL_OPENED : REMOTE_OPENED, EVIDENCE_CODE.only_direction);
    } else if (out !== inward) {
      setInitiator(words, base, out < inward ? LOCAL_OPENED : REMOTE_OPENED, EVIDENCE_CODE.earlier_start);
    } else if (gap !== 0)
      setInitiator(words, base, gap > 0 ? REMOTE_OPENED : LOCAL_OPENED, portEvidence(words, base, rules));
    else {
      const allowed = policySays(base) || otherEnd(base);
      const [local, remote] = [localPortOf(words, base), remotePortOf(words, base)];
      if (allowed !== UNKNOWN) setInitiator(words, base, allowed, EVIDENCE_CODE.policy);
      else if (local !== remote) {
        setInitiator(words, base, local < remote ? REMOTE_OPENED : LOCAL_OPENED, EVIDENCE_CODE.lower_port);
      } else setInitiator(words, base, UNKNOWN, EVIDENCE_CODE.none);
    }
  }
}

/** What the policy at the other end's interface says, if that end is logged too: the same connection, seen from there. */
function createOtherEnd(
  words: Uint32Array,
  ambiguous: readonly number[],
  policySays: (base: number) => number,
): (base: number) => number {
  let byEnds: Map<string, number> | null = null;
  const keyOf = (base: number, swap: boolean): string => {
    const own = `${words[base + LOCAL]}:${localPortOf(words, base)}`;
    const far = `${words[base + REMOTE]}:${remotePortOf(words, base)}`;
    return `${words[base + KIND]}|${swap ? far : own}|${swap ? own : far}`;
  };
  return (base) => {
    byEnds ??= new Map(ambiguous.map((one) => [keyOf(one, false), one]));
    const mirror = byEnds.get(keyOf(base, true));
    const said = mirror === undefined ? UNKNOWN : policySays(mirror);
    return said === UNKNOWN ? UNKNOWN : said === LOCAL_OPENED ? REMOTE_OPENED : LOCAL_OPENED;
  };
}
