import type {
  IcmpMatch,
  NetworkAclEntry,
  NetworkInterface,
  Peer,
  PortRange,
  SecurityGroupRule,
  Snapshot,
} from "../model/model.ts";
import type { ServiceMatch } from "../model/rule-match.ts";
import { type Address, formatAddress, formatPrefix, holdsAddress, type Prefix } from "../net/address.ts";
import { hostPrefix } from "../net/parse.ts";
import { ALL_PROTOCOLS, formatIcmp, formatPorts, hasPorts, isIcmp, protocolName } from "../net/protocols.ts";
import { vpcOfUnknownPeer } from "./unknown-peer.ts";
import type { Condition, MatchDoubt, Certainty, RuleTrace } from "./trace.ts";

/** The packet that a rule is matched with: for a group the one that opens the connection, for a network ACL the one at hand. */
export interface Question {
  readonly protocol: number | null;
  /** Destination port. */
  readonly port: number | null;
  /** An assumed ICMP type; records carry none. */
  readonly icmpType?: number;
  readonly peer: Address;
}

export interface RuleMatch {
  readonly matches: Certainty;
  readonly doubt: MatchDoubt | null;
  readonly trace: RuleTrace;
}

/** `appliance` is the one that the packet goes through, null for none. */
export function matchGroupRule(
  snapshot: Snapshot,
  rule: SecurityGroupRule,
  asked: Question,
  appliance: string | null,
): RuleMatch {
  const fromOrTo = rule.direction === "ingress" ? "from" : "to";
  const text = `allow ${serviceText(rule)} ${fromOrTo} ${peerText(rule.peer)}`;
  return matchConditions(rule.id, text, rule.description, rule, asked, () =>
    matchPeer(snapshot, rule.peer, asked.peer, appliance),
  );
}

export function matchEntry(entry: NetworkAclEntry, asked: Question): RuleMatch {
  const fromOrTo = entry.direction === "ingress" ? "from" : "to";
  const text = `${entry.action} ${serviceText(entry)} ${fromOrTo} ${formatPrefix(entry.prefix)}`;
  return matchConditions(entry.id, text, "", entry, asked, () => matchBlock(entry.prefix, asked.peer));
}

/** Matches the service, then the peer; stops at the first condition that fails. */
function matchConditions(
  ruleId: string,
  text: string,
  description: string,
  service: ServiceMatch,
  asked: Question,
  askPeer: () => PeerMatch,
): RuleMatch {
  const conditions = matchService(service, asked);
  const done = (matches: Certainty, doubt: MatchDoubt | null): RuleMatch => ({
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

function matchService(service: ServiceMatch, asked: Question): Condition[] {
  const condition = (on: Condition["on"], matches: Certainty, because: string): Condition => ({ on, matches, because });
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

/** `type` is an assumed one, with code 0. */
function matchIcmp(icmp: IcmpMatch | null, type: number | undefined): Condition {
  if (icmp === null || icmp.type < 0) return { on: "icmp", matches: "yes", because: "every type" };
  const wanted = `type ${formatIcmp(icmp)}`;
  if (type === undefined) {
    return { on: "icmp", matches: "perhaps", because: `records carry no ICMP type, ${wanted} is wanted` };
  }
  const same = icmp.type === type && icmp.code <= 0;
  return { on: "icmp", matches: same ? "yes" : "no", because: `type ${type} is ${same ? "" : "not "}${wanted}` };
}

function serviceText({ protocol, ports, icmp }: ServiceMatch): string {
  const name = protocolName(protocol);
  if (hasPorts(protocol)) return `${name} ${formatPorts(ports)}`;
  return isIcmp(protocol) && icmp !== null ? `${name} ${formatIcmp(icmp)}` : name;
}

function peerText(peer: Peer): string {
  return peer.kind === "cidr" ? formatPrefix(peer.prefix) : peer.id;
}

interface PeerMatch {
  readonly matches: Certainty;
  readonly doubt: MatchDoubt | null;
  readonly because: string;
}

/** Every private address of an interface, and the prefixes that are delegated to it. */
export function ownBlocks(one: NetworkInterface): Prefix[] {
  return [...one.addresses.map(hostPrefix), ...one.prefixes];
}

/** Matches an address with the peer of a rule. `appliance` is the one between them, null for none. */
function matchPeer(snapshot: Snapshot, peer: Peer, address: Address, appliance: string | null): PeerMatch {
  if (peer.kind === "cidr") return matchBlock(peer.prefix, address);
  return peer.kind === "prefix-list"
    ? matchPrefixList(snapshot, peer.id, address)
    : matchGroup(snapshot, peer, address, appliance);
}

function matchBlock(block: Prefix, address: Address): PeerMatch {
  const [text, name] = [formatAddress(address), formatPrefix(block)];
  if (block.family !== address.family) return no(`${name} is of the other address family than ${text}`);
  return holdsAddress(block, address) ? yes(`${text} is in ${name}`) : no(`${text} is not in ${name}`);
}

function matchPrefixList(snapshot: Snapshot, id: string, address: Address): PeerMatch {
  const text = formatAddress(address);
  const entries = snapshot.prefixLists.get(id)?.entries ?? null;
  if (entries === null) return perhaps("unresolved_reference", `the model has no entries of ${id}`);
  const entry = entries.find((one) => holdsAddress(one, address));
  if (entry) return yes(`${text} is in ${formatPrefix(entry)}, an entry of ${id}`);
  return no(`${text} is in none of the ${entries.length} entries of ${id}`);
}

/** A reference matches the private addresses of the interfaces that have the group (VPC User Guide, "Security groups"). */
function matchGroup(
  snapshot: Snapshot,
  peer: Peer & { kind: "group" },
  address: Address,
  appliance: string | null,
): PeerMatch {
  const text = formatAddress(address);
  if (peer.peeringStatus !== null && peer.peeringStatus !== "active") {
    return no(`the peering to ${peer.id} is ${peer.peeringStatus}: a stale rule matches nothing`);
  }
  const members = [...snapshot.interfaces.values()].filter((one) => one.groupIds.includes(peer.id));
  if (members.length === 0 && !snapshot.securityGroups.has(peer.id)) {
    if (peer.userId === null) return no(`${peer.id} does not exist any more: a stale rule matches nothing`);
    return perhaps("unresolved_reference", `${peer.id} is not in the model`);
  }
  const member = members.find((one) => ownBlocks(one).some((block) => holdsAddress(block, address)));
  if (member && appliance === null) return yes(`${text} is an address of ${member.id}, a member of ${peer.id}`);
  if (members.some((one) => one.type === "network_load_balancer")) {
    return perhaps(
      "nlb_client_ip",
      `${peer.id} is on a network load balancer, which may preserve the client address ${text}`,
    );
  }
  if (member) return no(`${text} is reached through the appliance ${appliance}, where no reference to a group matches`);
  const vpcId = appliance === null ? vpcOfUnknownPeer(snapshot, peer.id, members, address) : null;
  if (vpcId !== null) {
    return perhaps(
      "peer_not_in_model",
      `no interface in force had ${text}, an address of ${vpcId}: it may have been a member of ${peer.id}`,
    );
  }
  const holder = members.find((one) => one.publicAddresses.some((other) => formatAddress(other) === text));
  if (holder) {
    return no(
      `${text} is a public address of ${holder.id}, a member of ${peer.id}; a reference matches private ones only`,
    );
  }
  return no(`${text} is no address of the ${members.length} members of ${peer.id}`);
}

const yes = (because: string): PeerMatch => ({ matches: "yes", doubt: null, because });
const no = (because: string): PeerMatch => ({ matches: "no", doubt: null, because });
const perhaps = (doubt: MatchDoubt, because: string): PeerMatch => ({ matches: "perhaps", doubt, because });
