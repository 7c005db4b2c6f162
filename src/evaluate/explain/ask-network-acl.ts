import { ICMP, isIcmp } from "../../net/protocols.ts";
import type { Direction, NetworkAcl } from "../../policy/model.ts";
import { matchEntry, type Question } from "./match-rule.ts";
import type { Doubt, RuleTrace } from "./trace.ts";

/** What a network ACL says of a packet in a direction. */
export interface AclAnswer {
  readonly answer: "allow" | "deny" | "undecided";
  /** The entry that decided; null when an earlier one matches perhaps, or none matches. */
  readonly ruleId: string | null;
  readonly doubt: Doubt | null;
  /** The packet is ICMP and met entries for certain types: what an echo request and an echo reply would be told. */
  readonly echo: { readonly request: EchoAnswer; readonly reply: EchoAnswer } | null;
  readonly traces: readonly RuleTrace[];
}

export interface EchoAnswer {
  readonly allow: boolean;
  readonly ruleId: string | null;
}

/** Asks the entries in ascending order: the first that matches decides (VPC User Guide, "Network ACL rules"). */
export function askNetworkAcl(acl: NetworkAcl, direction: Direction, asked: Question): AclAnswer {
  const entries = acl.entries
    .filter((entry) => entry.direction === direction)
    .sort((one, other) => one.number - other.number);
  const traces: RuleTrace[] = [];
  const maybe = new Set<"allow" | "deny">();
  let doubt: Doubt | null = null;
  let decider: { readonly id: string; readonly action: "allow" | "deny" } | null = null;
  for (const entry of entries) {
    const match = matchEntry(entry, asked);
    traces.push(match.trace);
    if (match.matches === "no") continue;
    if (match.matches === "yes") {
      decider = entry;
      break;
    }
    maybe.add(entry.action);
    doubt ??= match.doubt;
  }
  // Entries that may have matched before the decider leave the answer open where they say otherwise.
  const last = decider?.action ?? "deny";
  const open = maybe.has(last === "allow" ? "deny" : "allow");
  const typed = maybe.size > 0 && asked.protocol !== null && isIcmp(asked.protocol) && asked.icmpType === undefined;
  return {
    answer: open ? "undecided" : last,
    ruleId: maybe.size > 0 ? null : (decider?.id ?? null),
    doubt,
    echo: typed ? echo(acl, direction, asked) : null,
    traces,
  };
}

function echo(acl: NetworkAcl, direction: Direction, asked: Question): AclAnswer["echo"] {
  const [request, reply] = asked.protocol === ICMP ? [8, 0] : [128, 129];
  const answer = (icmpType: number): EchoAnswer => {
    const { answer: said, ruleId } = askNetworkAcl(acl, direction, { ...asked, icmpType });
    return { allow: said === "allow", ruleId };
  };
  return { request: answer(request), reply: answer(reply) };
}
