import { ICMP, isIcmp } from "../../net/protocols.ts";
import type { Address } from "../../net/address.ts";
import { MAX_PORT } from "../../net/ports.ts";
import type { Direction, NetworkAcl, PortRange } from "../../policy/model.ts";
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

/** The destination ports that the entries let pass with a peer, by TCP or UDP: ascending ranges with gaps between them. */
export function passingPorts(
  acl: NetworkAcl,
  direction: Direction,
  asked: { readonly protocol: number; readonly peer: Address },
): PortRange[] {
  const cuts = new Set([0]);
  for (const { ports } of acl.entries) if (ports) cuts.add(ports.from).add(ports.to + 1);
  const starts = [...cuts].filter((port) => port <= MAX_PORT).sort((one, other) => one - other);
  const ranges: { from: number; to: number }[] = [];
  starts.forEach((from, at) => {
    if (askNetworkAcl(acl, direction, { ...asked, port: from }).answer !== "allow") return;
    const to = (starts[at + 1] ?? MAX_PORT + 1) - 1;
    const last = ranges.at(-1);
    if (last && last.to + 1 === from) last.to = to;
    else ranges.push({ from, to });
  });
  return ranges;
}

function echo(acl: NetworkAcl, direction: Direction, asked: Question): AclAnswer["echo"] {
  const [request, reply] = asked.protocol === ICMP ? [8, 0] : [128, 129];
  const answer = (icmpType: number): EchoAnswer => {
    const { answer: said, ruleId } = askNetworkAcl(acl, direction, { ...asked, icmpType });
    return { allow: said === "allow", ruleId };
  };
  return { request: answer(request), reply: answer(reply) };
}
