import { IPV4, type Prefix } from "../net/address.ts";
import { parsePrefix } from "../net/parse.ts";
import { ALL_PROTOCOLS, hasPorts, ICMPV6, isIcmp, MAX_PORT, parseProtocol } from "../net/protocols.ts";
import { child } from "./documents.ts";
import { modelError, type Notes, locationOf, show } from "./messages.ts";
import type { IcmpMatch, Origin, PortRange } from "./model.ts";

/** What a rule matches besides its peer. */
export interface ServiceMatch {
  readonly protocol: number;
  readonly ports: PortRange | null;
  readonly icmp: IcmpMatch | null;
}

type PortBound = number | null | undefined;

/**
 * What a security group rule matches. FromPort and ToPort are a port range for TCP and UDP, type and code for ICMP, and are
 * ignored for every other protocol (botocore ec2 IpPermission).
 */
export function groupRuleMatch(
  rule: { IpProtocol: string | number; FromPort?: PortBound; ToPort?: PortBound },
  origin: Origin,
): ServiceMatch {
  const protocol = readProtocol(rule.IpProtocol, child(origin, "IpProtocol"));
  return {
    protocol,
    ports: hasPorts(protocol) ? readPorts(rule.FromPort, rule.ToPort, origin) : null,
    icmp: isIcmp(protocol) ? readIcmp(rule.FromPort, rule.ToPort, origin) : null,
  };
}

/** What an entry of a network ACL matches. ICMPv6 with an IPv4 block means all types (botocore ec2 NetworkAclEntry). */
export function aclEntryMatch(
  entry: {
    Protocol: string | number;
    PortRange?: { From?: PortBound; To?: PortBound } | null;
    IcmpTypeCode?: { Type?: PortBound; Code?: PortBound } | null;
  },
  prefix: Prefix,
  origin: Origin,
): ServiceMatch {
  const protocol = readProtocol(entry.Protocol, child(origin, "Protocol"));
  const typed = isIcmp(protocol) && !(protocol === ICMPV6 && prefix.family === IPV4);
  return {
    protocol,
    ports: hasPorts(protocol)
      ? readPorts(entry.PortRange?.From, entry.PortRange?.To, child(origin, "PortRange"))
      : null,
    icmp: typed ? readIcmp(entry.IcmpTypeCode?.Type, entry.IcmpTypeCode?.Code, child(origin, "IcmpTypeCode")) : null,
  };
}

function readProtocol(value: string | number, origin: Origin): number {
  const protocol = parseProtocol(value);
  if (protocol === null)
    throw modelError(origin, `not a protocol: ${show(value)}`, "use tcp, udp, icmp, icmpv6, -1 or 0-255");
  return protocol;
}

/** null stands for all ports: nothing given, -1, or 0-65535. */
function readPorts(from: PortBound, to: PortBound, origin: Origin): PortRange | null {
  const first = from ?? -1;
  const last = to ?? -1;
  if (first === -1 && last === -1) return null;
  if (first < 0 || last > MAX_PORT || first > last) {
    throw modelError(
      origin,
      `not a port range: ${show(from)} to ${show(to)}`,
      "ports are 0-65535, the lower one first",
    );
  }
  return first === 0 && last === MAX_PORT ? null : { from: first, to: last };
}

/** null stands for all types and codes; a type of -1 forces the code to -1. */
function readIcmp(type: PortBound, code: PortBound, origin: Origin): IcmpMatch | null {
  const match = { type: type ?? -1, code: code ?? -1 };
  if (match.type < -1 || match.type > 255 || match.code < -1 || match.code > 255) {
    throw modelError(
      origin,
      `not an ICMP type and code: ${show(type)}, ${show(code)}`,
      "types and codes are 0-255, -1 for all",
    );
  }
  return match.type === -1 ? null : match;
}

/**
 * A CIDR of the configuration in canonical form. Host bits are dropped with a note, as AWS drops them when it stores a CIDR.
 * `at` is a function because a model holds hundreds of thousands of CIDRs, and few need their origin.
 */
export function readPrefix(text: string, at: () => Origin, notes: Notes): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed) throw modelError(at(), `not a CIDR block: ${show(text)}`, "write it as 10.0.0.0/16 or 2001:db8::/32");
  if (!parsed.exact)
    notes.add("CIDR with host bits, read as the network it lies in", `${locationOf(at())}: ${show(text)}`);
  return parsed.prefix;
}

export const EVERYTHING: ServiceMatch = { protocol: ALL_PROTOCOLS, ports: null, icmp: null };
