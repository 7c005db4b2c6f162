import { IPV4, type Prefix } from "../../net/address.ts";
import { hostPrefix } from "../../net/parse.ts";
import { ALL_PROTOCOLS } from "../../net/protocols.ts";
import type { NetworkInterface, Peer, SecurityGroupRule, Snapshot } from "../model.ts";
import type { RuleMatch } from "../rule-match.ts";
import {
  type AddressSet,
  addressSet,
  ALL_DETAILS,
  ALL_PROTOCOL_NUMBERS,
  prefixInterval,
  type Region,
  type Span,
} from "./regions.ts";

/**
 * Regions by the space their addresses belong to: `ipv4`, `ipv6`, or a group or prefix list as a whole, when rules are
 * compared by what they say and not by who is a member today.
 */
export type Regions = ReadonlyMap<string, Region>;

/** Interfaces by security group, and the distinct sets of groups that interfaces carry. */
export interface Members {
  readonly interfaces: ReadonlyMap<string, readonly NetworkInterface[]>;
  readonly groupSets: ReadonlyMap<string, readonly (readonly string[])[]>;
}

export function membersOf(snapshot: Snapshot): Members {
  const interfaces = new Map<string, NetworkInterface[]>();
  const sets = new Map<string, readonly string[]>();
  for (const one of snapshot.interfaces.values()) {
    sets.set(one.groupIds.toSorted().join(" "), one.groupIds);
    for (const id of one.groupIds) {
      const list = interfaces.get(id);
      if (list) list.push(one);
      else interfaces.set(id, [one]);
    }
  }
  const groupSets = new Map<string, (readonly string[])[]>();
  for (const set of sets.values()) {
    for (const id of set) groupSets.set(id, [...(groupSets.get(id) ?? []), set]);
  }
  return { interfaces, groupSets };
}

/** What a rule says: groups and prefix lists stand for themselves. */
export function statedRegions(rule: SecurityGroupRule): Regions {
  if (rule.peer.kind === "cidr") return prefixRegions(rule, [rule.peer.prefix]);
  const whole: AddressSet = [{ from: 0, to: 1 }];
  return new Map([[`${rule.peer.kind} ${rule.peer.id}`, regionOf(rule, whole)]]);
}

/** What a rule means today; null when a reference cannot be resolved from the model. */
export function resolvedRegions(rule: SecurityGroupRule, snapshot: Snapshot, members: Members): Regions | null {
  const prefixes = peerPrefixes(rule.peer, snapshot, members);
  return prefixes && prefixRegions(rule, prefixes);
}

function peerPrefixes(peer: Peer, snapshot: Snapshot, members: Members): readonly Prefix[] | null {
  if (peer.kind === "cidr") return [peer.prefix];
  if (peer.kind === "prefix-list") return snapshot.prefixLists.get(peer.id)?.entries ?? null;
  if (!snapshot.securityGroups.has(peer.id) || peer.peeringId !== null) return null;
  return (members.interfaces.get(peer.id) ?? []).flatMap((one) => [...one.addresses.map(hostPrefix), ...one.prefixes]);
}

export function prefixRegions(match: RuleMatch, prefixes: readonly Prefix[]): Regions {
  const regions = new Map<string, Region>();
  for (const [space, family] of [
    ["ipv4", true],
    ["ipv6", false],
  ] as const) {
    const own = prefixes.filter((prefix) => (prefix.family === IPV4) === family);
    if (own.length > 0) regions.set(space, regionOf(match, addressSet(own.map(prefixInterval))));
  }
  return regions;
}

function regionOf(match: RuleMatch, addresses: AddressSet): Region {
  const protocols =
    match.protocol === ALL_PROTOCOLS ? ALL_PROTOCOL_NUMBERS : { from: match.protocol, to: match.protocol + 1 };
  return { protocols, details: detailsOf(match), addresses };
}

function detailsOf({ ports, icmp }: RuleMatch): Span {
  if (ports) return { from: ports.from, to: ports.to + 1 };
  if (!icmp) return ALL_DETAILS;
  const first = icmp.type * 256 + Math.max(icmp.code, 0);
  return { from: first, to: first + (icmp.code < 0 ? 256 : 1) };
}
