import type { Address } from "../../net/address.ts";
import { formatPrefix } from "../../net/address.ts";
import { formatIcmp, formatPorts } from "../../net/ports.ts";
import { ALL_PROTOCOLS, hasPorts, isIcmp, protocolName } from "../../net/protocols.ts";
import type { IcmpMatch, NetworkAclEntry, Peer, PortRange, SecurityGroupRule, Snapshot } from "../../policy/model.ts";
import { matchBlock, matchPeer, type PeerMatch } from "./match-peer.ts";
import type { Condition, Doubt, Match, RuleTrace } from "./trace.ts";

/** What a rule is held against: the packet that opens a connection, or for a network ACL the packet at hand. */
export interface Question {
  readonly protocol: number | null;
  /** Destination port. */
  readonly port: number | null;
  /** ICMP type, where it is supposed; records carry none. */
  readonly icmpType?: number;
  readonly peer: Address;
}

export interface RuleMatch {
  readonly matches: Match;
  readonly doubt: Doubt | null;
  readonly trace: RuleTrace;
}

interface Service {
  readonly protocol: number;
  readonly ports: PortRange | null;
  readonly icmp: IcmpMatch | null;
}

/** `appliance`: what the packet goes through on its way, null for nothing. */
export function matchGroupRule(
  snapshot: Snapshot,
  rule: SecurityGroupRule,
  asked: Question,
  appliance: string | null,
): RuleMatch {
  const way = rule.direction === "ingress" ? "from" : "to";
  const text = `allow ${serviceText(rule)} ${way} ${peerText(rule.peer)}`;
  return held(rule.id, text, rule.description, rule, asked, () =>
    matchPeer(snapshot, rule.peer, asked.peer, appliance),
  );
}

export function matchEntry(entry: NetworkAclEntry, asked: Question): RuleMatch {
  const way = entry.direction === "ingress" ? "from" : "to";
  const text = `${entry.action} ${serviceText(entry)} ${way} ${formatPrefix(entry.prefix)}`;
  return held(entry.id, text, "", entry, asked, () => matchBlock(entry.prefix, asked.peer));
}

/** Holds the service, then the peer against the packet; stops where the rule is ruled out. */
function held(
  ruleId: string,
  text: string,
  description: string,
  service: Service,
  asked: Question,
  askPeer: () => PeerMatch,
): RuleMatch {
  const conditions = matchService(service, asked);
  const done = (matches: Match, doubt: Doubt | null): RuleMatch => ({
    matches,
    doubt,
    trace: { ruleId, text, description, matches, conditions },
  });
  if (conditions.at(-1)!.matches === "no") return done("no", null);
  const peer = askPeer();
  conditions.push({ on: "peer", matches: peer.matches, because: peer.because });
  if (peer.matches === "no") return done("no", null);
  if (peer.matches === "perhaps") return done("perhaps", peer.doubt);
  const open = conditions.find((one) => one.matches === "perhaps");
  if (!open) return done("yes", null);
  return done("perhaps", asked.protocol !== null && isIcmp(asked.protocol) ? "icmp_type_unknown" : "field_absent");
}

function matchService(service: Service, asked: Question): Condition[] {
  const condition = (on: Condition["on"], matches: Match, because: string): Condition => ({ on, matches, because });
  if (service.protocol === ALL_PROTOCOLS) return [condition("protocol", "yes", "every protocol and port")];
  const wanted = protocolName(service.protocol);
  if (asked.protocol === null)
    return [condition("protocol", "perhaps", `the record has no protocol, not known to be ${wanted}`)];
  if (asked.protocol !== service.protocol) {
    return [condition("protocol", "no", `protocol ${protocolName(asked.protocol)} is not ${wanted}`)];
  }
  const same = condition("protocol", "yes", `protocol ${wanted}`);
  if (hasPorts(service.protocol)) return [same, matchPort(service.ports, asked.port)];
  if (isIcmp(service.protocol)) return [same, matchIcmp(service.icmp, asked.icmpType)];
  return [same];
}

function matchPort(ports: PortRange | null, port: number | null): Condition {
  if (ports === null) return { on: "port", matches: "yes", because: "every port" };
  const range = formatPorts(ports);
  if (port === null) return { on: "port", matches: "perhaps", because: `the port is not known, ${range} is wanted` };
  const inside = port >= ports.from && port <= ports.to;
  if (ports.from === ports.to) {
    return { on: "port", matches: inside ? "yes" : "no", because: `port ${port}${inside ? "" : ` is not ${range}`}` };
  }
  return { on: "port", matches: inside ? "yes" : "no", because: `port ${port} is ${inside ? "" : "not "}in ${range}` };
}

/** `type` is a supposed one with code 0. */
function matchIcmp(icmp: IcmpMatch | null, type: number | undefined): Condition {
  if (icmp === null || icmp.type < 0) return { on: "icmp", matches: "yes", because: "every type" };
  const wanted = `type ${formatIcmp(icmp)}`;
  if (type === undefined) {
    return { on: "icmp", matches: "perhaps", because: `records carry no ICMP type, ${wanted} is wanted` };
  }
  const same = icmp.type === type && icmp.code <= 0;
  return { on: "icmp", matches: same ? "yes" : "no", because: `type ${type} is ${same ? "" : "not "}${wanted}` };
}

function serviceText({ protocol, ports, icmp }: Service): string {
  const name = protocolName(protocol);
  if (hasPorts(protocol)) return `${name} ${formatPorts(ports)}`;
  return isIcmp(protocol) && icmp !== null ? `${name} ${formatIcmp(icmp)}` : name;
}

function peerText(peer: Peer): string {
  return peer.kind === "cidr" ? formatPrefix(peer.prefix) : peer.id;
}
