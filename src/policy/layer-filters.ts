import type { NetworkAclEntry, NetworkInterface, SecurityGroupRule, Snapshot } from "../model/model.ts";
import { AUTOMATICALLY_TRACKED, isAlwaysTracked, isMiddlebox, prefixesRouted, type Route } from "../model/routes.ts";
import { formatPrefix } from "../net/address.ts";
import { TCP, UDP } from "../net/protocols.ts";
import type { CompiledRule, Filter } from "./filters.ts";
import type { Peers, RoutedAddresses } from "./peers.ts";
import type { Place } from "./places.ts";

/** What a layer applies at an interface: indices into `filters`. */
interface FilterPair {
  readonly ingress: number;
  readonly egress: number;
}

/** The distinct filters of a snapshot, built on demand. */
export interface LayerFilters {
  readonly filters: readonly Filter[];
  /** The interface must have groups. */
  ofGroups(networkInterface: NetworkInterface): FilterPair;
  /** What may apply at an unknown interface that stands there. */
  ofPlace(stand: Place["stand"]): FilterPair;
  ofAcl(aclId: string): FilterPair;
}

type Direction = "ingress" | "egress";

/** A list of groups that some interfaces have, and its filters by the routes of their subnets. */
interface GroupList {
  readonly groups: readonly string[];
  readonly openBothWays: boolean;
  readonly pairs: Map<Paths, FilterPair>;
  /** For interfaces whose flows are always tracked. */
  readonly trackedPairs: Map<Paths, FilterPair>;
}

export function createLayerFilters(snapshot: Snapshot, peers: Peers, indexOf: (id: string) => number): LayerFilters {
  const pathsOf = createPaths(snapshot);
  const filters: Filter[] = [];
  const filterIds = new Map<string, number>();
  const filterOf = (key: string, build: () => Filter): number => {
    const known = filterIds.get(key);
    if (known !== undefined) return known;
    filters.push(build());
    filterIds.set(key, filters.length - 1);
    return filters.length - 1;
  };
  const rulesOf = (groups: readonly string[]): SecurityGroupRule[] =>
    groups.flatMap((id) => snapshot.securityGroups.get(id)?.rules ?? []);

  /** A group is on many lists. Its rules are compiled once for all lists with the same routes. */
  const compiledRules = (groups: readonly string[], direction: Direction, paths: Paths): CompiledRule[] =>
    groups.flatMap((id) => {
      let rules = paths.compiled[direction].get(id);
      if (rules === undefined) {
        const own = (snapshot.securityGroups.get(id)?.rules ?? []).filter((rule) => rule.direction === direction);
        rules = own.map((rule) => compileGroupRule(rule, indexOf(rule.id), peers.idOf(rule.peer, paths.diverted)));
        paths.compiled[direction].set(id, rules);
      }
      return rules;
    });

  const groupFilter = (
    list: GroupList,
    tracked: boolean,
    paths: Paths,
    direction: Direction,
    kind: "sg" | "vpc" = "sg",
  ): number => {
    const { groups, openBothWays } = list;
    const { diverted, trackedRoutes } = paths;
    // Routes that track a flow matter only where it would not be tracked otherwise.
    const trackedBy = !openBothWays ? "" : tracked ? "always" : trackedRoutes.key;
    return filterOf(`${kind}|${direction}|${diverted.key}|${trackedBy}|${groups.join(",")}`, () => {
      const opposite = compiledRules(groups, direction === "ingress" ? "egress" : "ingress", paths);
      const missing = groups
        .filter((id) => !snapshot.securityGroups.has(id))
        .map(() => unknownGroupRule(indexOf, peers.unknown));
      const own = compiledRules(groups, direction, paths);
      const untrackedTcp = tracked ? 0 : lettingEverythingPass(opposite, TCP, peers.openFamily);
      const untrackedUdp = tracked ? 0 : lettingEverythingPass(opposite, UDP, peers.openFamily);
      const untracked = (untrackedTcp | untrackedUdp) !== 0 && own.some((rule) => rule.open);
      return {
        kind,
        rules: [...own, ...missing],
        untrackedTcp,
        untrackedUdp,
        alwaysTracked: untracked && kind === "sg" ? peers.idOfTracked(trackedRoutes) : -1,
      };
    });
  };
  const aclFilter = (aclId: string, direction: Direction): number =>
    filterOf(`nacl|${direction}|${aclId}`, () => ({
      kind: "nacl",
      rules: snapshot.networkAcls
        .get(aclId)!
        .entries.filter((entry) => entry.direction === direction)
        .map((entry) => compileEntry(entry, indexOf(entry.id), peers.idOf({ kind: "cidr", prefix: entry.prefix }))),
      untrackedTcp: 0,
      untrackedUdp: 0,
      alwaysTracked: -1,
    }));

  const lists = new Map<string, GroupList>();
  const listOf = (groupIds: readonly string[]): GroupList => {
    const key = groupIds.join(",");
    let list = lists.get(key);
    if (list === undefined) {
      const groups = [...groupIds].sort();
      list = { groups, openBothWays: areOpenBothWays(rulesOf(groups)), pairs: new Map(), trackedPairs: new Map() };
      lists.set(key, list);
    }
    return list;
  };
  const ofAcls = new Map<string, FilterPair>();
  return {
    filters,
    ofGroups({ groupIds, subnetId, type }) {
      const list = listOf(groupIds);
      const tracked = AUTOMATICALLY_TRACKED.has(type);
      const pairs = tracked ? list.trackedPairs : list.pairs;
      const paths = pathsOf(subnetId);
      let pair = pairs.get(paths);
      if (pair === undefined) {
        const ingress = groupFilter(list, tracked, paths, "ingress");
        pairs.set(paths, (pair = { ingress, egress: groupFilter(list, tracked, paths, "egress") }));
      }
      return pair;
    },
    ofPlace({ groupIds, subnetId }) {
      const list = listOf(groupIds);
      const paths = pathsOf(subnetId);
      const ingress = groupFilter(list, false, paths, "ingress", "vpc");
      return { ingress, egress: groupFilter(list, false, paths, "egress", "vpc") };
    },
    ofAcl(aclId) {
      let pair = ofAcls.get(aclId);
      if (pair === undefined) {
        const ingress = aclFilter(aclId, "ingress");
        ofAcls.set(aclId, (pair = { ingress, egress: aclFilter(aclId, "egress") }));
      }
      return pair;
    },
  };
}

/** One rule is open to the world inbound, and one outbound. */
function areOpenBothWays(rules: readonly SecurityGroupRule[]): boolean {
  const open = rules.filter(({ peer }) => peer.kind === "cidr" && peer.prefix.length === 0);
  return new Set(open.map(({ direction }) => direction)).size === 2;
}

interface Paths {
  readonly diverted: RoutedAddresses;
  readonly trackedRoutes: RoutedAddresses;
  /** Compiled rules by group, filled on demand. */
  readonly compiled: Readonly<Record<Direction, Map<string, readonly CompiledRule[]>>>;
}

/**
 * The routes of a subnet that matter to groups. Subnets with the same ones share an object, and their interfaces share
 * filters.
 */
function createPaths(snapshot: Snapshot): (subnetId: string | null) => Paths {
  const known = new Map<string | null, Paths>();
  const distinct = new Map<string, Paths>();
  const behind = (subnetId: string | null, wanted: (route: Route) => boolean): RoutedAddresses => {
    const prefixes = subnetId === null ? [] : prefixesRouted(snapshot, subnetId, wanted);
    return { key: prefixes.map(formatPrefix).join(","), prefixes };
  };
  return (subnetId) => {
    let paths = known.get(subnetId);
    if (paths === undefined) {
      const diverted = behind(subnetId, isMiddlebox);
      const trackedRoutes = behind(subnetId, isAlwaysTracked);
      const key = `${diverted.key}|${trackedRoutes.key}`;
      const compiled = { ingress: new Map(), egress: new Map() };
      paths = distinct.get(key) ?? { diverted, trackedRoutes, compiled };
      distinct.set(key, paths);
      known.set(subnetId, paths);
    }
    return paths;
  };
}

function compileGroupRule(rule: SecurityGroupRule, index: number, peer: number): CompiledRule {
  const open = rule.peer.kind === "cidr" && rule.peer.prefix.length === 0;
  return { ...compileService(rule), index, peer, allow: true, open };
}

/** Stands for the rules of a group that an interface has but the model lacks: it may allow anything. */
function unknownGroupRule(indexOf: (id: string) => number, unknown: number): CompiledRule {
  const any = { protocol: -1, from: 0, to: 65_535, icmpType: -1, icmpCode: -1, allow: true, open: false };
  return { index: indexOf("unknown-group"), peer: unknown, ...any };
}

function compileEntry(entry: NetworkAclEntry, index: number, peer: number): CompiledRule {
  return { ...compileService(entry), index, peer, allow: entry.action === "allow", open: entry.prefix.length === 0 };
}

type Service = "protocol" | "from" | "to" | "icmpType" | "icmpCode";

function compileService({
  protocol,
  ports,
  icmp,
}: Pick<SecurityGroupRule | NetworkAclEntry, "protocol" | "ports" | "icmp">): Pick<CompiledRule, Service> {
  return {
    protocol,
    from: ports?.from ?? 0,
    to: ports?.to ?? 65_535,
    icmpType: icmp?.type ?? -1,
    icmpCode: icmp?.code ?? -1,
  };
}

/** Families (as bits) for which the rules let every packet of the protocol pass: open to the world on ports 0-65535. */
function lettingEverythingPass(
  rules: readonly CompiledRule[],
  protocol: number,
  openFamily: (peer: number) => number,
): number {
  let families = 0;
  for (const rule of rules) {
    const everyPort = rule.protocol === -1 || (rule.protocol === protocol && rule.from === 0 && rule.to === 65_535);
    if (everyPort && rule.open) families |= openFamily(rule.peer);
  }
  return families;
}
