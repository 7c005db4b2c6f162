import { portRank } from "../net/server-ports.ts";
import type { Match } from "../policy/compile/filters.ts";
import { TCP, UDP } from "../policy/compile/services.ts";
import {
  DECIDED,
  EVIDENCE_SHIFT,
  FIRST_IN,
  FIRST_OUT,
  FLAGS,
  INITIATOR_MASK,
  INTERFACE,
  KIND,
  LOCAL,
  NEVER,
  OPENED_BY,
  PORTS,
  REMOTE,
  STATE,
  STRIDE,
  type ConnectionTable,
} from "./connections.ts";
import { EVIDENCE, type Evidence } from "./judgement.ts";
import { NOT_ASKED, type ReadingTable } from "./reading.ts";
import type { Touched } from "./touched.ts";
import { createWordMemo, type WordMemo } from "./word-memo.ts";

export const UNKNOWN = 0;
export const LOCAL_OPENED = 1;
export const REMOTE_OPENED = 2;

// Bits of tcp-flags.
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const SYN_ACK = 18;

/** Codes of `EVIDENCE`, by name. */
export const EVIDENCE_CODE = Object.fromEntries(EVIDENCE.map((name, code) => [name, code])) as Record<Evidence, number>;

/** Who opened, by the flags of one record from the interface (`out`) or towards it; UNKNOWN when they do not tell. */
export function openedByFlags(flags: number, out: boolean): number {
  if ((flags & SYN_ACK) === SYN) return out ? LOCAL_OPENED : REMOTE_OPENED;
  if ((flags & SYN_ACK) === SYN_ACK) return out ? REMOTE_OPENED : LOCAL_OPENED;
  return UNKNOWN;
}

/**
 * Both ends answered a SYN: they opened at once (RFC 9293, section 3.5), and flags do not tell who was let in. `flags` as in
 * a connection's entry: those of one direction, and of the other above them.
 */
export function bothAnswered(flags: number): boolean {
  return (flags & (flags >>> 8) & SYN_ACK) === SYN_ACK;
}

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
 * direction the policy allows (`byPolicy`, by reading), the lower port. Evidence that does not depend on the policy comes before the policy: a
 * rule that is missing from the model must not turn a server into a client.
 */
export function decideInitiators(
  { words }: ConnectionTable,
  { count, entries }: Touched,
  rules: InitiatorRules,
  byPolicy: Uint8Array,
): void {
  const ambiguous: number[] = [];
  for (let place = 0; place < count; place++) {
    const base = entries[place] * STRIDE;
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
  if (ambiguous.length === 0) return;
  const ends = countEnds(words, ambiguous, entries.subarray(0, count));
  decideAmbiguous(words, ambiguous, ends, rules, (base) => byPolicy[words[base + OPENED_BY] - 1]);
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

/** How many connections of the segment meet at an end. */
interface Ends {
  atLocal(base: number): number;
  atRemote(base: number): number;
}

/** Counts the connections at the ends of the ambiguous ones: a server is known by those that are told already, too. */
function countEnds(words: Uint32Array, ambiguous: readonly number[], entries: Uint32Array): Ends {
  const memo = createWordMemo(4, 1 << Math.max(8, Math.ceil(Math.log2(ambiguous.length * 4))));
  const counts: number[] = [];
  // Most connections have no port in common with an ambiguous one.
  const asked = new Uint8Array(65_536);
  for (const base of ambiguous) {
    for (const end of [localEnd, remoteEnd]) {
      end(memo, words, base);
      if (memo.find() >= 0) continue;
      memo.add(counts.length);
      counts.push(0);
      asked[memo.key[2] & 0xffff] = 1;
    }
  }
  for (const entry of entries) {
    const base = entry * STRIDE;
    const ports = words[base + PORTS];
    const opened = words[base + STATE] & INITIATOR_MASK;
    if (asked[ports >>> 16] === 1 && opened !== LOCAL_OPENED) count(localEnd, base);
    if (asked[ports & 0xffff] === 1 && opened !== REMOTE_OPENED) count(remoteEnd, base);
  }
  return { atLocal: (base) => counts[placeOf(localEnd, base)], atRemote: (base) => counts[placeOf(remoteEnd, base)] };

  function placeOf(end: typeof localEnd, base: number): number {
    end(memo, words, base);
    return memo.find();
  }
  function count(end: typeof localEnd, base: number): void {
    const place = placeOf(end, base);
    if (place >= 0) counts[place]++;
  }
}

function decideAmbiguous(
  words: Uint32Array,
  ambiguous: readonly number[],
  ends: Ends,
  rules: InitiatorRules,
  policySays: (base: number) => number,
): void {
  const otherEnd = createOtherEnd(words, ambiguous, policySays);
  for (const base of ambiguous) {
    const atLocal = ends.atLocal(base);
    const atRemote = ends.atRemote(base);
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

/** The end of the connection at the interface: (interface, local port, protocol). */
function localEnd(ends: WordMemo, words: Uint32Array, base: number): void {
  ends.key[0] = words[base + INTERFACE];
  ends.key[1] = -1;
  ends.key[2] = words[base + PORTS] >>> 16;
  ends.key[3] = words[base + KIND];
}

/** The far end: (interface, remote address, remote port, protocol). */
function remoteEnd(ends: WordMemo, words: Uint32Array, base: number): void {
  ends.key[0] = words[base + INTERFACE];
  ends.key[1] = words[base + REMOTE];
  ends.key[2] = (words[base + PORTS] & 0xffff) | 0x10000;
  ends.key[3] = words[base + KIND];
}

/**
 * Which initiator the security groups speak for: the only one they let pass, or the one for whom a rule names the protocol
 * where the other merely falls under a rule for everything. UNKNOWN when they do not tell.
 */
export function allowedInitiator(table: ReadingTable, reading: number): number {
  const { sgIfLocal, sgIfRemote } = table.readings[reading];
  if (sgIfLocal === NOT_ASKED) return UNKNOWN;
  const weight = ({ answer, named }: Match): number => (answer === "deny" ? 0 : named ? 2 : 1);
  const difference = weight(table.matches[sgIfLocal]) - weight(table.matches[sgIfRemote]);
  return difference === 0 ? UNKNOWN : difference > 0 ? LOCAL_OPENED : REMOTE_OPENED;
}
