import { formatPrefix, type Prefix, prefixContains } from "../../net/address.ts";
import { hasPorts } from "../../net/protocols.ts";
import type { SecurityGroupRule } from "../../policy/model.ts";

/** What a rule is needed for: a peer and a service, as the rule meets them (the port is the destination's). */
export interface Use {
  /** One address. */
  readonly peer: Prefix;
  readonly protocol: number;
  /** 0 for protocols without ports. */
  readonly port: number;
}

/** What a rule lets pass; its peers may be named by a group or a prefix list. */
export type Match = Pick<SecurityGroupRule, "protocol" | "ports" | "icmp" | "peer">;

/** Whether a use is among the services of a rule, its peer aside. Of ICMP no type is known: it is taken to fit. */
export function servesUse({ protocol, ports }: Match, use: Use): boolean {
  if (protocol === -1) return true;
  if (protocol !== use.protocol) return false;
  return ports === null || !hasPorts(protocol) || (use.port >= ports.from && use.port <= ports.to);
}

/** Whether a rule admits a use; `membersOf` resolves a peer to its blocks. */
export function admitsUse(match: Match, use: Use, membersOf: (peer: Match["peer"]) => readonly Prefix[]): boolean {
  return servesUse(match, use) && membersOf(match.peer).some((block) => holdsHost(block, use.peer));
}

/** As `holdsPrefix`, for single addresses: this is asked for every use, rule and member. */
export function holdsHost(block: Prefix, host: Prefix): boolean {
  return block.family === host.family && prefixContains(block, host.words);
}

export function useKey({ peer, protocol, port }: Use): string {
  return `${formatPrefix(peer)}|${protocol}|${port}`;
}
