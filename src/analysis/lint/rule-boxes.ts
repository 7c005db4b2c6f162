import type { NetworkInterface, Peer, SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { PEER_UNRESOLVED, resolverOf } from "../../model/resolve.ts";
import type { ServiceMatch } from "../../model/rule-match.ts";
import { IPV4, type Prefix } from "../../net/address.ts";
import { type AddressSet, prefixInterval, type Region, serviceBox, unite } from "../boxes.ts";

/**
 * Regions by address space: `ipv4`, `ipv6`, or a group or prefix list of its own where rules are compared by what they say,
 * whoever is a member today.
 */
export type Regions = ReadonlyMap<string, Region>;

/** Who belongs to what in a snapshot. */
export interface Members {
  /** Interfaces that carry the security group. */
  interfacesOf(groupId: string): readonly NetworkInterface[];
  /** The distinct sets of groups that interfaces carry, by each of their groups. */
  readonly groupSets: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Addresses of a peer today by space; null when a reference cannot be resolved from the model. */
  addressesOf(peer: Peer): ReadonlyMap<string, AddressSet> | null;
}

export function membersOf(snapshot: Snapshot): Members {
  const resolver = resolverOf(snapshot);
  const sets = new Map(
    [...snapshot.interfaces.values()].map((one) => [one.groupIds.toSorted().join(" "), one.groupIds]),
  );
  const groupSets = new Map<string, (readonly string[])[]>();
  for (const set of sets.values()) {
    for (const id of set) {
      const list = groupSets.get(id);
      if (list) list.push(set);
      else groupSets.set(id, [set]);
    }
  }
  // Many rules name the same large group or list.
  const known = new Map<string, ReadonlyMap<string, AddressSet> | null>();
  const addressesOf = (peer: Peer): ReadonlyMap<string, AddressSet> | null => {
    if (peer.kind === "cidr") return addressesBySpace([peer.prefix]);
    // The model may hold some members only of a group of another VPC.
    if (peer.kind === "group" && (peer.peeringId !== null || !snapshot.securityGroups.has(peer.id))) return null;
    let addresses = known.get(peer.id);
    if (addresses === undefined) {
      const { blocks, state } = resolver.addressesOf(peer);
      known.set(peer.id, (addresses = state === PEER_UNRESOLVED ? null : addressesBySpace(blocks)));
    }
    return addresses;
  };
  return { interfacesOf: resolver.membersOf, groupSets, addressesOf };
}

/** The regions of a rule as written: a group or prefix list is a space of its own. */
export function statedRegions(rule: SecurityGroupRule): Regions {
  if (rule.peer.kind === "cidr") return prefixRegions(rule, [rule.peer.prefix]);
  const whole: AddressSet = [{ from: 0, to: 1 }];
  return new Map([[`${rule.peer.kind} ${rule.peer.id}`, regionOf(rule, whole)]]);
}

/** The regions of a rule with today's members; null when the model cannot resolve its reference. */
export function resolvedRegions(rule: SecurityGroupRule, members: Members): Regions | null {
  const addresses = members.addressesOf(rule.peer);
  return addresses && new Map([...addresses].map(([space, set]) => [space, regionOf(rule, set)]));
}

export function prefixRegions(match: ServiceMatch, prefixes: readonly Prefix[]): Regions {
  return new Map([...addressesBySpace(prefixes)].map(([space, set]) => [space, regionOf(match, set)]));
}

/** One set of addresses for each family of the prefixes. */
export function addressesBySpace(prefixes: readonly Prefix[]): Map<string, AddressSet> {
  const sets = new Map<string, AddressSet>();
  for (const space of ["ipv4", "ipv6"] as const) {
    const own = prefixes.filter(({ family }) => (family === IPV4) === (space === "ipv4"));
    if (own.length > 0) sets.set(space, unite(own.map(prefixInterval)));
  }
  return sets;
}

function regionOf(match: ServiceMatch, addresses: AddressSet): Region {
  return { ...serviceBox(match), addresses };
}
