import { IPV4, IPV6, type Family } from "../../net/address.ts";
import { ALL_PROTOCOLS, hasPorts } from "../../net/protocols.ts";
import type { Direction, NetworkInterface, SecurityGroupRule, Snapshot } from "../../policy/model.ts";
import { matchGroupRule, type Question } from "./match-rule.ts";
import { applianceTo, trackedAnyway } from "./route.ts";
import type { Doubt, RuleTrace } from "./trace.ts";

/** What the groups of an interface say of a connection that begins in a direction. */
export interface GroupsAnswer {
  readonly answer: "allow" | "deny" | "undecided";
  /** Every rule that matches; and those that match perhaps. */
  readonly rules: readonly string[];
  readonly possible: readonly string[];
  readonly doubt: Doubt | null;
  /** The connection is not tracked: its replies pass by the opposite direction's open rule. */
  readonly untracked: boolean;
  /** A rule that matches, or may, names the protocol: it was written for such traffic. */
  readonly named: boolean;
  readonly traces: readonly RuleTrace[];
}

/** A group that is on the interface but not in the model stands as one rule of this id, which matches perhaps. */
const UNKNOWN_GROUP = "unknown-group";

/** Of several doubts the first of these counts: what a fuller model would settle before what records can never tell. */
const BY_WEIGHT: readonly Doubt[] = ["unresolved_reference", "nlb_client_ip", "icmp_type_unknown", "field_absent"];

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
  const doubts: (Doubt | null)[] = [];
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
  const answer = certain.length > 0 ? "allow" : possible.length > 0 ? "undecided" : "deny";
  return {
    answer,
    rules: certain.map((rule) => rule.id),
    possible,
    doubt: answer === "allow" ? null : (BY_WEIGHT.find((doubt) => doubts.includes(doubt)) ?? null),
    untracked: isUntracked(certain, rules, direction, asked) && trackedAnyway(snapshot, one, asked.peer) === null,
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
