import type { Cause, Decision, Initiator } from "../judgement.ts";
import type { Direction, NetworkInterface, SecurityGroupRule, Snapshot } from "../model/model.ts";
import { type Family, IPV4, IPV6 } from "../net/address.ts";
import { ALL_PROTOCOLS, hasPorts } from "../net/protocols.ts";
import { matchGroupRule, type Question } from "./match-rule.ts";
import { isUnknownInterface } from "./place.ts";
import { applianceTo, isAlwaysTracked } from "./choose-route.ts";
import type { MatchDoubt, RuleTrace } from "./trace.ts";
import { plural } from "../text.ts";

/** What the groups of an interface say of a connection that is opened in a direction. */
export interface GroupsAnswer {
  readonly answer: "allow" | "deny" | "undecided";
  /** Every rule that matches; and every rule that may match. */
  readonly rules: readonly string[];
  readonly possible: readonly string[];
  readonly doubt: MatchDoubt | null;
  /** The connection is not tracked: its replies pass by the open rule of the opposite direction. */
  readonly untracked: boolean;
  /** A rule that matches, or may, names the protocol, so it was written for such traffic. */
  readonly named: boolean;
  readonly traces: readonly RuleTrace[];
}

/** The id of the rule that stands for a group on the interface that is not in the model: it may match anything. */
const UNKNOWN_GROUP = "unknown-group";

/** The first of several doubts counts: what a fuller model would settle comes before what records never tell. */
const BY_WEIGHT: readonly MatchDoubt[] = [
  "unresolved_reference",
  "nlb_client_ip",
  "peer_not_in_model",
  "icmp_type_unknown",
  "field_absent",
];

/** Asks every rule of the direction of every group: any match allows (VPC User Guide, "Security group rules"). */
export function askGroups(
  snapshot: Snapshot,
  one: NetworkInterface,
  direction: Direction,
  asked: Question,
): GroupsAnswer {
  const groupIds = [...one.groupIds].sort();
  const rules = groupIds.flatMap((id) => snapshot.securityGroups.get(id)?.rules ?? []);
  const certain: SecurityGroupRule[] = [];
  const possible: string[] = [];
  const traces: RuleTrace[] = [];
  const doubts: (MatchDoubt | null)[] = [];
  let named = false;
  const appliance = applianceTo(snapshot, one, asked.peer);
  for (const rule of rules) {
    if (rule.direction !== direction) continue;
    const match = matchGroupRule(snapshot, rule, asked, appliance);
    traces.push(match.trace);
    if (match.matches === "no") continue;
    named ||= rule.protocol !== ALL_PROTOCOLS;
    if (match.matches === "yes") certain.push(rule);
    else {
      possible.push(rule.id);
      doubts.push(match.doubt);
    }
  }
  for (const id of groupIds.filter((group) => !snapshot.securityGroups.has(group))) {
    possible.push(UNKNOWN_GROUP);
    doubts.push("unresolved_reference");
    traces.push(unknownGroup(id));
  }
  const untracked = isUntracked(certain, rules, direction, asked) && !isAlwaysTracked(snapshot, one, asked.peer);
  const doubt = BY_WEIGHT.find((any) => doubts.includes(any)) ?? null;
  const ids = certain.map((rule) => rule.id);
  if (isUnknownInterface(one)) {
    // It may have any of the groups, and others that are gone since.
    return { answer: "undecided", rules: [], possible: [...ids, ...possible], doubt, untracked, named, traces };
  }
  const answer = certain.length > 0 ? "allow" : possible.length > 0 ? "undecided" : "deny";
  return {
    answer,
    rules: ids,
    possible,
    doubt: answer === "allow" ? null : doubt,
    untracked,
    named,
    traces,
  };
}

/**
 * A TCP or UDP flow is not tracked when a rule permits it from or to all addresses and the opposite direction permits all
 * responses on all ports (EC2 User Guide, "Untracked connections").
 */
function isUntracked(
  admitting: readonly SecurityGroupRule[],
  rules: readonly SecurityGroupRule[],
  direction: Direction,
  { protocol, peer }: Question,
): boolean {
  if (protocol === null || !hasPorts(protocol)) return false;
  if (!admitting.some((rule) => isOpen(rule, IPV4) || isOpen(rule, IPV6))) return false;
  return rules.some((rule) => {
    const everything = rule.protocol === ALL_PROTOCOLS || (rule.protocol === protocol && rule.ports === null);
    return rule.direction !== direction && everything && isOpen(rule, peer.family);
  });
}

/** The peer is 0.0.0.0/0, or ::/0. */
function isOpen({ peer }: SecurityGroupRule, family: Family): boolean {
  return peer.kind === "cidr" && peer.prefix.length === 0 && peer.prefix.family === family;
}

function unknownGroup(id: string): RuleTrace {
  return {
    ruleId: UNKNOWN_GROUP,
    text: `the rules of ${id}`,
    description: "",
    matches: "perhaps",
    conditions: [{ on: "peer", matches: "perhaps", because: `${id} is on the interface, but not in the model` }],
  };
}

/** What the group layer needs to know of a record, beside the policy. */
export interface RecordContext {
  readonly direction: Direction;
  readonly initiator: Initiator;
  readonly action: "ACCEPT" | "REJECT" | null;
  /** What the groups said when its connection was opened; null when that is not known. */
  readonly openingMatch: GroupsAnswer | null;
  /** A TCP packet of no tracked connection, or the RST that answers one: no state lets it pass. */
  readonly outOfState: boolean;
  /** ICMP between two hosts with a tracked flow: it may be an error about that flow. */
  readonly related: boolean;
  /** Accepted ICMP without an answer: no echo, but maybe an error from a router. */
  readonly unanswered: boolean;
}

export interface GroupDecision {
  readonly decision: Decision;
  /** The answer that it rests on. */
  readonly answer: GroupsAnswer | null;
  readonly cause: Cause | null;
  readonly doubt: MatchDoubt | null;
  readonly because: string;
  readonly reply: boolean;
}

interface Answers {
  /** The groups' answer if the interface opened the connection, and if the peer did; null when the layer does not apply. */
  readonly ifLocal: GroupsAnswer | null;
  readonly ifRemote: GroupsAnswer | null;
  readonly aclDenies: boolean;
}

/**
 * The security group layer: the rules of the initiator's direction decide, and replies pass by tracking (EC2 User Guide,
 * "Security group connection tracking").
 */
export function answerGroups(context: RecordContext, { ifLocal, ifRemote, aclDenies }: Answers): GroupDecision {
  const egress = context.direction === "egress";
  const reply = context.initiator !== "unknown" && (context.initiator === "local") !== egress;
  if (!ifLocal || !ifRemote) {
    const because = "the interface has no security group";
    return { decision: "skipped", answer: null, cause: null, doubt: null, because, reply };
  }
  const [asRequest, asReply] = egress ? [ifLocal, ifRemote] : [ifRemote, ifLocal];
  if (context.initiator === "unknown") return eitherWay(asRequest, asReply);
  const rules = reply ? asReply : asRequest;
  const say = (
    decision: Decision,
    answer: GroupsAnswer,
    because: string,
    cause: Cause | null = null,
  ): GroupDecision => ({
    decision,
    answer,
    cause,
    doubt: decision === "undecided" ? (answer.doubt ?? "unresolved_reference") : null,
    because,
    reply,
  });

  if (context.outOfState && reply && context.action === "REJECT") {
    const because = "no tracked connection to pass by: the rules of its own direction decide";
    return say(asRequest.answer, asRequest, `${because}; ${counted(asRequest)}`, "no_tracked_connection");
  }
  const { openingMatch } = context;
  if (rules.answer === "allow") {
    // Rules that admitted a tracked connection keep admitting it, whatever was added since.
    const admitting = openingMatch?.answer === "allow" && !openingMatch.untracked ? openingMatch : rules;
    if (!reply) return say("allow", admitting, counted(admitting));
    if (rules.untracked)
      return say("allow", admitting, "reply of an untracked flow: the open rule of its direction lets it pass");
    return say("tracked", admitting, `reply of a tracked connection; ${counted(admitting)}`);
  }
  // A packet that the network ACL stopped says nothing about the groups: a connection that they admitted goes on for them.
  const goesOn = context.action === "ACCEPT" || (context.action === "REJECT" && aclDenies);
  if (goesOn && openingMatch?.answer === "allow") {
    if (!openingMatch.untracked) {
      const because = "the connection was tracked when its rule changed, and goes on";
      return say("tracked", openingMatch, because, "tracked_after_rule_change");
    }
    if (reply && asRequest.answer === "allow") {
      return say("allow", asRequest, `the rules decide what is left of an untracked flow; ${counted(asRequest)}`);
    }
  }
  // An error about a tracked flow passes with it. A rejected packet can be one only if the network ACL stopped it.
  if (context.related && rules.answer === "deny" && (context.action === "ACCEPT" || aclDenies)) {
    return say("tracked", rules, "ICMP between two hosts with a tracked flow", "icmp_error_of_tracked_flow");
  }
  if (context.unanswered && rules.answer === "deny") {
    const because = "no rule matches, but an ICMP error from a router on the path of a tracked flow passes";
    return { ...say("undecided", rules, because, "icmp_type_unknown"), doubt: "icmp_type_unknown" };
  }
  const inOrOut = context.initiator === "local" ? "out" : "in";
  const may = rules.answer === "deny" ? "that no rule lets" : "that a rule may let";
  const what = reply ? `reply of a connection ${may} ${inOrOut}` : "opens a connection";
  return say(rules.answer, rules, `${what}; ${counted(rules)}`);
}

/** The initiator is not known: the packet passes if it may be a request, or the reply to one. */
function eitherWay(asRequest: GroupsAnswer, asReply: GroupsAnswer): GroupDecision {
  const say = (decision: Decision, answer: GroupsAnswer, because: string, reply: boolean): GroupDecision => ({
    decision,
    answer,
    cause: null,
    doubt: decision === "undecided" ? answer.doubt : null,
    because: `the initiator is not known: ${because}`,
    reply,
  });
  if (asRequest.answer === "allow")
    return say("allow", asRequest, `as a request it passes; ${counted(asRequest)}`, false);
  if (asReply.answer === "allow") return say("tracked", asReply, `as a reply it passes; ${counted(asReply)}`, true);
  const doubtful = [asRequest, asReply].find((answer) => answer.answer === "undecided");
  if (doubtful) return say("undecided", doubtful, counted(doubtful), false);
  return say("deny", asRequest, "neither as a request nor as a reply a rule matches", false);
}

function counted({ rules, possible, traces }: GroupsAnswer): string {
  const of = `of ${plural(traces.length, "rule")}`;
  if (rules.length > 0) return `${rules.length} ${of} ${rules.length === 1 ? "matches" : "match"}`;
  return possible.length > 0 ? `${possible.length} ${of} may match` : `none ${of} matches`;
}
