import type {
  Direction,
  NetworkAcl,
  NetworkAclEntry,
  NetworkInterface,
  SecurityGroupRule,
  Snapshot,
} from "../../model/model.ts";
import { resolverOf } from "../../model/resolve.ts";
import { isMiddlebox, isTransit, routesOf, routeTo, transitSubnets } from "../../model/routes.ts";
import { type Address, holdsAddress } from "../../net/address.ts";
import { serviceBox } from "../boxes.ts";
import {
  ALL_SERVICES,
  intersectServices,
  NO_SERVICES,
  serviceSet,
  type ServiceSet,
  subtractServices,
  uniteServices,
} from "./services.ts";

/** What passes for certain, and what passes if every doubt is decided in its favour. */
export interface Passing {
  readonly certain: ServiceSet;
  readonly possible: ServiceSet;
  /** Group rules that match the peer, for certain or perhaps, with the services that they allow. */
  readonly rules: readonly WithServices<SecurityGroupRule>[];
}

const EVERYTHING: Passing = { certain: ALL_SERVICES, possible: ALL_SERVICES, rules: [] };

/** The answer for a subnet whose network ACL is not in the model. */
const UNKNOWN_ACL: Passing = { certain: NO_SERVICES, possible: ALL_SERVICES, rules: [] };

interface WithServices<T> {
  readonly rule: T;
  readonly services: ServiceSet;
}

/** Says which services pass an interface's layers with a peer. Peers that the same rules match share one answer. */
export interface Layers {
  readonly snapshot: Snapshot;
  /**
   * Services of connections that may begin in the direction between the interface and the peer: ingress meets the inbound
   * network ACL and the groups' inbound rules, egress the outbound ones. Whether their replies pass is not asked.
   */
  passing(one: NetworkInterface, direction: Direction, local: Address, peer: Address): Passing;
  /** The network ACL alone. */
  passingAcl(one: NetworkInterface, direction: Direction, local: Address, peer: Address): Passing;
  groupRules(one: NetworkInterface, direction: Direction): readonly WithServices<SecurityGroupRule>[];
  aclOf(one: NetworkInterface): NetworkAcl | null;
}

export function layersOf(snapshot: Snapshot): Layers {
  const resolver = resolverOf(snapshot);
  const acls = new Map<string, NetworkAcl>();
  for (const acl of snapshot.networkAcls.values()) for (const subnet of acl.subnetIds) acls.set(subnet, acl);
  const attached = transitSubnets(snapshot);
  // Most subnets have no route through an appliance: their interfaces need not look for one.
  const hasAppliance = memo((subnetId) => routesOf(snapshot, subnetId).some(isMiddlebox));
  const isDiverted = ({ subnetId }: NetworkInterface, peer: Address): boolean => {
    if (subnetId === null || !hasAppliance(subnetId)) return false;
    const route = routeTo(snapshot, subnetId, peer);
    return route !== null && isMiddlebox(route);
  };
  const remembered = new Map<string, Passing>();
  const remember = (key: string, make: () => Passing): Passing => {
    let known = remembered.get(key);
    if (known === undefined) remembered.set(key, (known = make()));
    return known;
  };
  const compile = memo((key: string): readonly WithServices<SecurityGroupRule>[] => {
    const [direction, ...groups] = key.split(" ");
    return groups
      .flatMap((id) => snapshot.securityGroups.get(id)?.rules ?? [])
      .filter((rule) => rule.direction === direction)
      .map((rule) => ({ rule, services: serviceSet(serviceBox(rule)) }));
  });
  const rulesOf = (one: NetworkInterface, direction: Direction): readonly WithServices<SecurityGroupRule>[] =>
    compile(groupKey(one, direction));

  const groups = (one: NetworkInterface, direction: Direction, peer: Address): Passing => {
    if (one.groupIds.length === 0) return EVERYTHING;
    const rules = rulesOf(one, direction);
    const holders = isDiverted(one, peer) ? [] : resolver.holdersOf(peer);
    const answers = rules.map(({ rule }) => resolver.matches(rule.peer, peer, holders));
    const key = `${groupKey(one, direction)} ${answers.map((answer) => answer[0]).join("")}`;
    return remember(key, () => {
      let certain = NO_SERVICES;
      let possible = NO_SERVICES;
      for (const [at, { services }] of rules.entries()) {
        if (answers[at] === "yes") certain = uniteServices(certain, services);
        if (answers[at] !== "no") possible = uniteServices(possible, services);
      }
      // A group that the model lacks may allow anything.
      if (one.groupIds.some((id) => !snapshot.securityGroups.has(id))) possible = ALL_SERVICES;
      return { certain, possible, rules: rules.filter((_, at) => answers[at] !== "no") };
    });
  };

  const entries = memo((key: string): readonly WithServices<NetworkAclEntry>[] => {
    const [direction, id] = key.split(" ");
    return snapshot.networkAcls
      .get(id)!
      .entries.filter((entry) => entry.direction === direction)
      .toSorted((a, b) => a.number - b.number)
      .map((rule) => ({ rule, services: serviceSet(serviceBox(rule)) }));
  });
  const throughAcl = (acl: NetworkAcl, direction: Direction, peer: Address): Passing => {
    const list = entries(`${direction} ${acl.id}`);
    const met = list.map(({ rule }) => holdsAddress(rule.prefix, peer));
    return remember(`${direction} ${acl.id} ${met.map(Number).join("")}`, () => {
      let left = ALL_SERVICES;
      let allowed = NO_SERVICES;
      for (const [at, { rule, services }] of list.entries()) {
        if (!met[at]) continue;
        if (rule.action === "allow") allowed = uniteServices(allowed, intersectServices(services, left));
        left = subtractServices(left, services);
      }
      return { certain: allowed, possible: allowed, rules: [] };
    });
  };
  const passingAcl: Layers["passingAcl"] = (one, direction, local, peer) => {
    // Packets inside a subnet meet no network ACL.
    const subnet = snapshot.subnets.get(one.subnetId ?? "");
    if (subnet?.prefixes.some((block) => holdsAddress(block, peer))) return EVERYTHING;
    const transit =
      one.type !== "transit_gateway" &&
      attached.has(one.subnetId ?? "") &&
      isTransit(routeTo(snapshot, one.subnetId, peer)?.target ?? "");
    if (transit && direction === "ingress") return EVERYTHING;
    const acl = acls.get(one.subnetId ?? "");
    if (!acl) return UNKNOWN_ACL;
    const crossing = throughAcl(acl, direction, peer);
    return transit ? both(crossing, throughAcl(acl, "ingress", local)) : crossing;
  };

  return {
    snapshot,
    passingAcl,
    passing(one, direction, local, peer) {
      const byGroups = groups(one, direction, peer);
      return byGroups.possible.length === 0 ? byGroups : both(byGroups, passingAcl(one, direction, local, peer));
    },
    groupRules: rulesOf,
    aclOf: (one) => acls.get(one.subnetId ?? "") ?? null,
  };
}

const intersections = new WeakMap<Passing, WeakMap<Passing, Passing>>();

/** What passes both. The same two give the same object, so that callers can group by it. */
export function both(a: Passing, b: Passing): Passing {
  let known = intersections.get(a);
  if (known === undefined) intersections.set(a, (known = new WeakMap()));
  let result = known.get(b);
  if (result === undefined) {
    result = {
      certain: intersectServices(a.certain, b.certain),
      possible: intersectServices(a.possible, b.possible),
      rules: [...a.rules, ...b.rules],
    };
    known.set(b, result);
  }
  return result;
}

/** The part that one group rule admits. */
export function admittedBy(ruleId: string, { certain, possible, rules }: Passing): Passing {
  const own = rules.filter(({ rule }) => rule.id === ruleId);
  const services = own.reduce((set: ServiceSet, one) => uniteServices(set, one.services), NO_SERVICES);
  return {
    certain: intersectServices(certain, services),
    possible: intersectServices(possible, services),
    rules: own,
  };
}

function groupKey(one: NetworkInterface, direction: Direction): string {
  return [direction, ...one.groupIds.toSorted()].join(" ");
}

function memo<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key)));
    return value;
  };
}
