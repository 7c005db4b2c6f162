import { POSSIBLE_CAUSES } from "../judgement.ts";
import { PEER_EXACT, PEER_NLB, PEER_UNRESOLVED } from "../model/resolve.ts";
import { ICMP, ICMPV6, TCP, UDP } from "../net/protocols.ts";
import type { PeerDoubts, UnknownMembers } from "./peers.ts";
import type { Services } from "./services.ts";

/** Why it is not certain whether a rule matches. */
type Doubt = "icmp_type_unknown" | "unresolved_reference" | "nlb_client_ip" | "peer_not_in_model" | "field_absent";

/** A rule or network ACL entry of the model, compiled; `index` points into `ruleIds`. */
export interface CompiledRule {
  readonly index: number;
  readonly peer: number;
  readonly protocol: number;
  /** Inclusive; 0-65535 when all ports match. */
  readonly from: number;
  readonly to: number;
  /** ICMP type and code, -1 for all. */
  readonly icmpType: number;
  readonly icmpCode: number;
  /** Network ACL entries only. */
  readonly allow: boolean;
  /** The peer is 0.0.0.0/0 or ::/0. */
  readonly open: boolean;
}

/**
 * The rules that one layer applies in one direction: all rules of a set of groups, or the entries of a network ACL in
 * ascending order. `untrackedTcp` and `untrackedUdp`: bit `family` is set if the opposite direction lets every response
 * pass, so that a flow admitted by an open rule is not tracked (EC2 User Guide, "Security group connection tracking").
 */
export interface Filter {
  /** `vpc`: the rules of all groups of a VPC, any of which an unknown interface may have. */
  readonly kind: "sg" | "nacl" | "vpc";
  readonly rules: readonly CompiledRule[];
  readonly untrackedTcp: number;
  readonly untrackedUdp: number;
  /** Number of the peer that stands for addresses with which flows are always tracked; -1 for none. */
  readonly alwaysTracked: number;
}

type Answer = "allow" | "deny" | "undecided";

/** What a filter says of a service and a class of peers. */
export interface FilterMatch {
  readonly answer: Answer;
  /** Rules that match for certain: all of a set of groups; the deciding entry of a network ACL, or none. */
  readonly rules: readonly number[];
  /** Rules that may match. */
  readonly possible: readonly number[];
  /** Security groups: why each of `possible` only may match, as bits of POSSIBLE_CAUSES. Empty for a network ACL. */
  readonly because: readonly number[];
  readonly doubt: Doubt | null;
  /** The flow is not tracked: its replies pass by the open rule of the opposite direction. */
  readonly untracked: boolean;
  /** Some rule that matches or may match names the protocol: it was written for such traffic. */
  readonly named: boolean;
  /**
   * What a network ACL with entries for certain ICMP types says to an echo request and to an echo reply. Records carry no
   * type, so this never makes a verdict. It names the likely entry where the verdict is certain without it.
   */
  readonly echo: { readonly request: EchoAnswer; readonly reply: EchoAnswer } | null;
}

interface EchoAnswer {
  readonly allow: boolean;
  readonly rule: number;
}

const CAUSE_BIT = Object.fromEntries(POSSIBLE_CAUSES.map(({ name, bit }) => [name, bit])) as Record<
  Doubt | "interface_not_in_model",
  number
>;

const NO = 0;
const YES = 1;
const PERHAPS = 2;

/** Whether the rule covers the service. PERHAPS if it asks for a port or ICMP type that the record does not carry. */
function coversService(rule: CompiledRule, protocol: number, port: number, icmpType = -1): number {
  if (rule.protocol === -1) return YES;
  if (protocol === -1) return PERHAPS;
  if (rule.protocol !== protocol) return NO;
  if (protocol === TCP || protocol === UDP) {
    if (port < 0) return rule.from === 0 && rule.to === 65_535 ? YES : PERHAPS;
    return port >= rule.from && port <= rule.to ? YES : NO;
  }
  if (protocol === ICMP || protocol === ICMPV6) {
    if (rule.icmpType < 0) return YES;
    if (icmpType < 0) return PERHAPS;
    return rule.icmpType === icmpType && rule.icmpCode <= 0 ? YES : NO;
  }
  return YES;
}

/**
 * Asks a filter. `members` are the peers that contain the address; `doubts` tell which peers may match other addresses
 * too. Groups: any matching rule allows. Network ACL: the first matching entry decides; an earlier entry that may match and
 * has the other action leaves the answer open.
 */
export function matchFilter(
  filter: Filter,
  services: Services,
  service: number,
  members: ReadonlySet<number>,
  doubts: PeerDoubts,
  family: number,
): FilterMatch {
  const protocol = services.protocols[service];
  const port = services.ports[service];
  if (filter.kind === "nacl") return matchEntries(filter.rules, protocol, port, members, doubts);
  const rules: number[] = [];
  const possible: number[] = [];
  const because: number[] = [];
  let doubt: Doubt | null = null;
  let open = false;
  let named = false;
  for (const rule of filter.rules) {
    const covers = coversService(rule, protocol, port);
    const inside = members.has(rule.peer);
    if (covers === NO || (!inside && !mayHoldOthers(rule.peer, members, doubts))) continue;
    named ||= rule.protocol !== -1;
    if (inside && covers === YES) {
      rules.push(rule.index);
      open ||= rule.open;
    } else {
      possible.push(rule.index);
      because.push(doubtsOf(inside, covers, protocol, doubts.states[rule.peer]));
      doubt = weightier(doubt, doubtOf(inside, protocol, doubts.states[rule.peer]));
    }
  }
  const everyResponse = protocol === TCP ? filter.untrackedTcp : protocol === UDP ? filter.untrackedUdp : 0;
  const untracked = open && ((everyResponse >> family) & 1) === 1 && !members.has(filter.alwaysTracked);
  if (filter.kind === "vpc") {
    // The interface may have any of the groups, and some that the model lacks.
    const causes = [...rules.map(() => 0), ...because].map((bits) => bits | CAUSE_BIT.interface_not_in_model);
    const all = [...rules, ...possible];
    return { answer: "undecided", rules: [], possible: all, because: causes, doubt, untracked, named, echo: null };
  }
  if (rules.length === 0) {
    const answer = possible.length > 0 ? "undecided" : "deny";
    return { answer, rules, possible, because, doubt, untracked: false, named, echo: null };
  }
  return { answer: "allow", rules, possible, because, doubt: null, untracked, named, echo: null };
}

/** The peer does not hold the address for certain, and may hold it all the same. */
function mayHoldOthers(peer: number, members: ReadonlySet<number>, { states, unknownMembers }: PeerDoubts): boolean {
  if (states[peer] !== PEER_EXACT) return true;
  return (unknownMembers[peer] ?? NOWHERE).some(
    ({ within, held, diverted }) => members.has(within) && !members.has(held) && !members.has(diverted),
  );
}

const NOWHERE: readonly UnknownMembers[] = [];

function matchEntries(
  entries: readonly CompiledRule[],
  protocol: number,
  port: number,
  members: ReadonlySet<number>,
  doubts: PeerDoubts,
): FilterMatch {
  const possible: number[] = [];
  let doubt: Doubt | null = null;
  let allowPossible = false;
  let denyPossible = false;
  const echo = (): FilterMatch["echo"] => {
    if (possible.length === 0 || (protocol !== ICMP && protocol !== ICMPV6)) return null;
    const [request, reply] = protocol === ICMP ? [8, 0] : [128, 129];
    return {
      request: echoAnswer(entries, protocol, request, members),
      reply: echoAnswer(entries, protocol, reply, members),
    };
  };
  for (const entry of entries) {
    const covers = coversService(entry, protocol, port);
    const inside = members.has(entry.peer);
    if (covers === NO || (!inside && !mayHoldOthers(entry.peer, members, doubts))) continue;
    if (!inside || covers === PERHAPS) {
      possible.push(entry.index);
      if (entry.allow) allowPossible = true;
      else denyPossible = true;
      doubt ??= doubtOf(inside, protocol, doubts.states[entry.peer]);
      continue;
    }
    const contested = entry.allow ? denyPossible : allowPossible;
    const answer = contested ? "undecided" : entry.allow ? "allow" : "deny";
    // An earlier entry that may match leaves open which one decided, even if the answer is certain.
    const [rules, perhaps] = possible.length === 0 ? [[entry.index], possible] : [[], [...possible, entry.index]];
    return { answer, rules, possible: perhaps, because: [], doubt, untracked: false, named: false, echo: echo() };
  }
  return {
    answer: allowPossible ? "undecided" : "deny",
    rules: [],
    possible,
    because: [],
    doubt,
    untracked: false,
    named: false,
    echo: echo(),
  };
}

function echoAnswer(
  entries: readonly CompiledRule[],
  protocol: number,
  type: number,
  members: ReadonlySet<number>,
): EchoAnswer {
  const decider = entries.find((entry) => members.has(entry.peer) && coversService(entry, protocol, -1, type) === YES);
  return { allow: decider?.allow ?? false, rule: decider?.index ?? -1 };
}

/** If there are several doubts, the one that a fuller model would settle counts, whatever the order of the rules. */
const WEIGHTIEST_FIRST: readonly Doubt[] = [
  "unresolved_reference",
  "nlb_client_ip",
  "peer_not_in_model",
  "icmp_type_unknown",
  "field_absent",
];

function weightier(one: Doubt | null, other: Doubt): Doubt {
  return one !== null && WEIGHTIEST_FIRST.indexOf(one) < WEIGHTIEST_FIRST.indexOf(other) ? one : other;
}

/** All doubts of a rule, as bits of POSSIBLE_CAUSES. */
function doubtsOf(inside: boolean, covers: number, protocol: number, peerState: number): number {
  const peer = inside ? 0 : CAUSE_BIT[doubtOf(false, protocol, peerState)];
  return covers === PERHAPS ? peer | CAUSE_BIT[doubtOf(true, protocol, peerState)] : peer;
}

function doubtOf(inside: boolean, protocol: number, peerState: number): Doubt {
  if (!inside) {
    if (peerState === PEER_NLB) return "nlb_client_ip";
    return peerState === PEER_UNRESOLVED ? "unresolved_reference" : "peer_not_in_model";
  }
  return protocol === ICMP || protocol === ICMPV6 ? "icmp_type_unknown" : "field_absent";
}
