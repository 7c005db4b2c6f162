import type { Cause, Decision, Initiator } from "../../judgement.ts";
import type { FilterMatch } from "../../policy/filters.ts";
import { EGRESS, NOT_ASKED, type PolicyLookup } from "../lookup/policy-lookup.ts";

/** What the groups' answer depends on, apart from their rules. */
export interface GroupFacts {
  readonly action: "ACCEPT" | "REJECT" | null;
  readonly initiator: Initiator;
  /** Number of the match that admitted the connection's first packet; NOT_ASKED if that is not known. */
  readonly openingMatch: number;
  /** A TCP packet of no connection (without data and SYN, or the RST that answers it): no tracking state lets it pass. */
  readonly outOfState: boolean;
  /** An ICMP packet between two hosts that have a tracked flow: it may be an error about that flow. */
  readonly related: boolean;
  /** An accepted ICMP packet that got no answer: not an echo, but maybe an error from a router. */
  readonly unanswered: boolean;
}

/** What the groups say of a packet. `match`: the rules behind it. `reply`: it answers what the other end sent. */
export interface GroupAnswer {
  readonly decision: Decision;
  readonly match: FilterMatch | null;
  readonly cause: Cause | null;
  readonly reply: boolean;
}

/** The security group layer: only the initiating direction meets the rules, replies pass by tracking. */
export function securityGroups(
  lookup: PolicyLookup,
  facts: GroupFacts,
  matches: readonly FilterMatch[],
  aclDenies: boolean,
): GroupAnswer {
  const egress = lookup.direction === EGRESS;
  const reply = facts.initiator !== "unknown" && (facts.initiator === "local") !== egress;
  if (lookup.sgIfLocal === NOT_ASKED) return { decision: "skipped", match: null, cause: null, reply };
  const ifLocal = matches[lookup.sgIfLocal];
  const ifRemote = matches[lookup.sgIfRemote];
  if (facts.initiator === "unknown") return eitherInitiator(egress ? ifLocal : ifRemote, egress ? ifRemote : ifLocal);

  const match = facts.initiator === "local" ? ifLocal : ifRemote;
  const opening = facts.openingMatch === NOT_ASKED ? null : matches[facts.openingMatch];
  const passing: Decision = reply && !match.untracked ? "tracked" : "allow";
  if (facts.outOfState && reply && facts.action === "REJECT") {
    const own = egress ? ifLocal : ifRemote;
    // An undecided answer has the cause of its doubt.
    const cause = own.answer === "undecided" ? null : "no_tracked_connection";
    return { decision: own.answer, match: own, cause, reply };
  }
  if (match.answer === "allow") {
    // The rules that admitted the connection keep admitting it, whatever was added since.
    return {
      decision: passing,
      match: opening?.answer === "allow" && !opening.untracked ? opening : match,
      cause: null,
      reply,
    };
  }
  // A packet that the network ACL stopped shows nothing about the groups: for them the connection goes on.
  if ((facts.action === "ACCEPT" || (facts.action === "REJECT" && aclDenies)) && opening?.answer === "allow") {
    if (!opening.untracked) return { decision: "tracked", match: opening, cause: "tracked_after_rule_change", reply };
    // An untracked flow has no state: its packets meet the rules of their own direction.
    const own = egress ? ifLocal : ifRemote;
    if (reply && own.answer === "allow") return { decision: "allow", match: own, cause: null, reply };
  }
  // An error about a tracked flow passes with it. A rejected packet can only be one if the network ACL stopped it.
  if (facts.related && match.answer === "deny" && (facts.action === "ACCEPT" || aclDenies))
    return { decision: "tracked", match, cause: "icmp_error_of_tracked_flow", reply };
  // Any router on the path of a tracked flow may send such an error.
  if (facts.unanswered && match.answer === "deny")
    return { decision: "undecided", match, cause: "icmp_type_unknown", reply };
  return { decision: match.answer, match, cause: null, reply };
}

/** Unknown initiator: the packet passes if it may be a request, or the reply to one. */
function eitherInitiator(asRequest: FilterMatch, asReply: FilterMatch): GroupAnswer {
  if (asRequest.answer === "allow") return { decision: "allow", match: asRequest, cause: null, reply: false };
  if (asReply.answer === "allow") return { decision: "tracked", match: asReply, cause: null, reply: true };
  const doubtful = asRequest.answer === "undecided" ? asRequest : asReply.answer === "undecided" ? asReply : null;
  return { decision: doubtful ? "undecided" : "deny", match: doubtful ?? asRequest, cause: null, reply: false };
}
