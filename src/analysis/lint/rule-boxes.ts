import type { NetworkInterface, Peer, SecurityGroupRule, Snapshot } from "../../model/model.ts";
import type { RuleMatch } from "../../model/rule-match.ts";
import { IPV4, IPV6, type Prefix } from "../../net/address.ts";
import { hostPrefix } from "../../net/parse.ts";
import { ALL_PROTOCOLS } from "../../net/protocols.ts";
import {
  type AddressSet,
  addressSet,
  ALL_DETAILS,
  ALL_PROTOCOL_NUMBERS,
  prefixInterval,
  type Region,
  type Span,
} from "./boxes.ts";

/**
 * Regions by the space their addresses belong to: `ipv4`, `ipv6`, or a group or prefix list as a whole, when rules are
 * compared by what they say and not by who is a member today.
 */
export type Regions = ReadonlyMap<string, Region>;

/** Who belongs to what in a snapshot. */
export interface Members {
  /** Interfaces by security group. */
  readonly interfaces: ReadonlyMap<string, readonly NetworkInterface[]>;
  /** The distinct sets of groups that interfaces carry, by each of their groups. */
  readonly groupSets: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Addresses of a peer today by space; null when a reference cannot be resolved from the model. */
  addressesOf(peer: Peer): ReadonlyMap<string, AddressSet> | null;
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
    for (const id of set) {
      const list = groupSets.get(id);
      if (list) list.push(set);
      else groupSets.set(id, [set]);
    }
  }
  const prefixesOf = (peer: Exclude<Peer, { kind: "cidr" }>): readonly Prefix[] | null => {
    if (peer.kind === "prefix-list") return snapshot.prefixLists.get(peer.id)?.entries ?? null;
    if (!snapshot.securityGroups.has(peer.id) || peer.peeringId !== null) return null;
    return (interfaces.get(peer.id) ?? []).flatMap((one) => [...one.addresses.map(hostPrefix), ...one.prefixes]);
  };
  // Many rules name the same large group or list.
  const known = new Map<string, ReadonlyMap<string, AddressSet> | null>();
  const addressesOf = (peer: Peer): ReadonlyMap<string, AddressSet> | null => {
    if (peer.kind === "cidr") return addressesBySpace([peer.prefix]);
    const key = peer.kind === "group" ? `${peer.id} ${peer.peeringId}` : peer.id;
    let found = known.get(key);
    if (found === undefined) {
      const prefixes = prefixesOf(peer);
      known.set(key, (found = prefixes && addressesBySpace(prefixes)));
    }
    return found;
  };
  return { interfaces, groupSets, addressesOf };
}

/** What a rule says: groups and prefix lists stand for themselves. */
export function statedRegions(rule: SecurityGroupRule): Regions {
  if (rule.peer.kind === "cidr") return prefixRegions(rule, [rule.peer.prefix]);
  const whole: AddressSet = [{ from: 0, to: 1 }];
  return new Map([[`${rule.peer.kind} ${rule.peer.id}`, regionOf(rule, whole)]]);
}

/** What a rule means today; null when a reference cannot be resolved from the model. */
export function resolvedRegions(rule: SecurityGroupRule, members: Members): Regions | null {
  const addresses = members.addressesOf(rule.peer);
  return addresses && new Map([...addresses].map(([space, set]) => [space, regionOf(rule, set)]));
}

export function prefixRegions(match: RuleMatch, prefixes: readonly Prefix[]): Regions {
  return new Map([...addressesBySpace(prefixes)].map(([space, set]) => [space, regionOf(match, set)]));
}

/** Prefixes as one set for each family that they have. */
export function addressesBySpace(prefixes: readonly Prefix[]): Map<string, AddressSet> {
  const sets = new Map<string, AddressSet>();
  for (const [space, family] of [
    ["ipv4", IPV4],
    ["ipv6", IPV6],
  ] as const) {
    const own = prefixes.filter((prefix) => prefix.family === family);
    if (own.length > 0) sets.set(space, addressSet(own.map(prefixInterval)));
  }
  return sets;
}

function regionOf(match: RuleMatch, addresses: AddressSet): Region {
  return { ...serviceBox(match), addresses };
}

/** What a rule matches besides its peer, as a box. */
export function serviceBox(match: RuleMatch): Omit<Region, "addresses"> {
  const protocols =
    match.protocol === ALL_PROTOCOLS ? ALL_PROTOCOL_NUMBERS : { from: match.protocol, to: match.protocol + 1 };
  return { protocols, details: detailsOf(match) };
}

function detailsOf({ ports, icmp }: RuleMatch): Span {
  if (ports) return { from: ports.from, to: ports.to + 1 };
  if (!icmp) return ALL_DETAILS;
  const first = icmp.type * 256 + Math.max(icmp.code, 0);
  return { from: first, to: first + (icmp.code < 0 ? 256 : 1) };
}
