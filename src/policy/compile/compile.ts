import { formatPrefix } from "../../net/address.ts";
import { aggregatePrefixes } from "../../net/prefix-sets.ts";
import type { Model, NetworkAclEntry, NetworkInterface, SecurityGroupRule, Snapshot } from "../model.ts";
import type { CompiledRule, Filter } from "./filters.ts";
import { compileInterfaces, type CompiledInterfaces } from "./interfaces.ts";
import { buildPeerClasses, type PeerClasses } from "./peer-classes.ts";
import { AUTOMATICALLY_TRACKED, collectPeers, type Diverted } from "./peers.ts";
import { isAlwaysTracked, isMiddlebox, routedPrefixes, type Route } from "./routes.ts";
import { buildServices, TCP, UDP, type Services } from "./services.ts";

/** The model ready to answer for millions of records. Plain data: it can be posted to a worker thread as it is. */
export interface CompiledPolicy {
  readonly snapshots: readonly CompiledSnapshot[];
  /** Ids of all rules and entries of all snapshots; a compiled rule's `index` points here. */
  readonly ruleIds: readonly string[];
  /** Ids of the known interfaces, then of all others of all snapshots: the first ids of every decoder's interface dictionary. */
  readonly interfaceIds: readonly string[];
  /**
   * Idle time-outs that an interface sets itself (`ConnectionTrackingConfiguration`), or that it has as a load balancer, by
   * place in `interfaceIds`.
   */
  readonly timeouts: ReadonlyMap<number, NetworkInterface["tracking"]>;
  /** Ports that some rule names one by one: they look like a server's. */
  readonly namedPorts: { readonly tcp: readonly number[]; readonly udp: readonly number[] };
}

export interface CompiledSnapshot {
  readonly name: string;
  /** Unix seconds from which it is in force; -Infinity for the first. */
  readonly since: number;
  readonly services: Services;
  readonly peers: PeerClasses;
  /** For each peer, how it stands to addresses outside its blocks (`PEER_…`). */
  readonly peerStates: Uint8Array;
  readonly filters: readonly Filter[];
  readonly interfaces: CompiledInterfaces;
}

/**
 * Compiles every snapshot. Rules keep one id over time, whatever their content at a time. `knownInterfaces` are ids that
 * already have numbers (those of an evidence file) and keep them; `knownRules` are rules that records name from before.
 */
export function compileModel(
  model: Model,
  knownInterfaces: readonly string[] = [],
  knownRules: readonly string[] = [],
): CompiledPolicy {
  const ruleIndex = new Map(knownRules.map((id, at) => [id, at]));
  const indexOf = (id: string): number => {
    const known = ruleIndex.get(id);
    if (known !== undefined) return known;
    ruleIndex.set(id, ruleIndex.size);
    return ruleIndex.size - 1;
  };
  const interfaceIds = new Set<string>(knownInterfaces);
  for (const snapshot of model.snapshots) for (const id of snapshot.interfaces.keys()) interfaceIds.add(id);
  const ids = [...interfaceIds];
  const snapshots = model.snapshots.map((snapshot, at) => compileSnapshot(snapshot, at === 0, ids, indexOf));
  const named = (protocol: number): number[] => {
    const rules = snapshots.flatMap((snapshot) => snapshot.filters.flatMap((filter) => filter.rules));
    return [
      ...new Set(rules.filter((rule) => rule.protocol === protocol && rule.from === rule.to).map((rule) => rule.from)),
    ];
  };
  const timeouts = new Map<number, NetworkInterface["tracking"]>();
  ids.forEach((id, at) => {
    const one = model.snapshots.findLast((snapshot) => snapshot.interfaces.has(id))?.interfaces.get(id);
    const tracking = one?.type === "network_load_balancer" ? LOAD_BALANCER_TIMEOUTS : one?.tracking;
    if (tracking && Object.values(tracking).some((value) => value !== null)) timeouts.set(at, tracking);
  });
  return {
    timeouts,
    snapshots,
    ruleIds: [...ruleIndex.keys()],
    interfaceIds: ids,
    namedPorts: { tcp: named(TCP), udp: named(UDP) },
  };
}

/** Idle time-outs of connections through a Network Load Balancer, seconds (EC2 User Guide, "Connection tracking"). */
const LOAD_BALANCER_TIMEOUTS = { tcpEstablished: 350, udpStream: 120, udpSingle: 120 };

function compileSnapshot(
  snapshot: Snapshot,
  first: boolean,
  interfaceIds: readonly string[],
  indexOf: (id: string) => number,
): CompiledSnapshot {
  const peers = collectPeers(snapshot);
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

  const openBothWays = new Map<string, boolean>();
  /** Some rule of the groups is open to the world inwards, and some outwards. */
  const isOpenBothWays = (groups: readonly string[]): boolean => {
    const key = groups.join(",");
    const known = openBothWays.get(key);
    if (known !== undefined) return known;
    const open = groups
      .flatMap((id) => snapshot.securityGroups.get(id)?.rules ?? [])
      .filter(({ peer }) => peer.kind === "cidr" && peer.prefix.length === 0);
    const both = new Set(open.map(({ direction }) => direction)).size === 2;
    openBothWays.set(key, both);
    return both;
  };

  const groupFilter = (networkInterface: NetworkInterface, direction: "ingress" | "egress"): number => {
    const groups = [...networkInterface.groupIds].sort();
    const tracked = AUTOMATICALLY_TRACKED.has(networkInterface.type);
    const { diverted, trackedRoutes } = pathsOf(networkInterface.subnetId);
    // What tracks a flow all the same makes a difference only where it would not be tracked.
    const trackedBy = !isOpenBothWays(groups) ? "" : tracked ? "always" : trackedRoutes.key;
    return filterOf(`sg|${direction}|${diverted.key}|${trackedBy}|${groups.join(",")}`, () => {
      const rules = groups.flatMap((id) => snapshot.securityGroups.get(id)?.rules ?? []);
      const compile = (rule: SecurityGroupRule): CompiledRule =>
        compileGroupRule(rule, indexOf(rule.id), peers.idOf(rule.peer, diverted));
      const opposite = rules.filter((rule) => rule.direction !== direction).map(compile);
      const missing = groups
        .filter((id) => !snapshot.securityGroups.has(id))
        .map(() => unknownGroupRule(indexOf, peers.unknown));
      const own = rules.filter((rule) => rule.direction === direction).map(compile);
      const untrackedTcp = tracked ? 0 : lettingEverythingPass(opposite, TCP, peers.openFamily);
      const untrackedUdp = tracked ? 0 : lettingEverythingPass(opposite, UDP, peers.openFamily);
      const untracked = (untrackedTcp | untrackedUdp) !== 0 && own.some((rule) => rule.open);
      return {
        kind: "sg",
        rules: [...own, ...missing],
        untrackedTcp,
        untrackedUdp,
        alwaysTracked: untracked ? peers.idOfTracked(trackedRoutes) : -1,
      };
    });
  };
  const aclFilter = (aclId: string, direction: "ingress" | "egress"): number =>
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

  const interfaces = compileInterfaces(snapshot, interfaceIds, groupFilter, aclFilter, peers.idOfVpc);
  return {
    name: snapshot.name,
    since: first ? -Infinity : (snapshot.since ?? -Infinity),
    services: servicesOf(filters),
    peers: buildPeerClasses(peers.blocks),
    peerStates: Uint8Array.from(peers.states),
    filters,
    interfaces,
  };
}

interface Paths {
  readonly diverted: Diverted;
  readonly trackedRoutes: Diverted;
}

/** Where a subnet's routes make a difference to its groups; interfaces of subnets with the same share their filters. */
function createPaths(snapshot: Snapshot): (subnetId: string | null) => Paths {
  const known = new Map<string | null, Paths>();
  const behind = (subnetId: string | null, wanted: (route: Route) => boolean): Diverted => {
    const prefixes = subnetId === null ? [] : aggregatePrefixes(routedPrefixes(snapshot, subnetId, wanted));
    return { key: prefixes.map(formatPrefix).join(","), prefixes };
  };
  return (subnetId) => {
    let paths = known.get(subnetId);
    if (paths === undefined) {
      paths = { diverted: behind(subnetId, isMiddlebox), trackedRoutes: behind(subnetId, isAlwaysTracked) };
      known.set(subnetId, paths);
    }
    return paths;
  };
}

function compileGroupRule(rule: SecurityGroupRule, index: number, peer: number): CompiledRule {
  return {
    index,
    peer,
    protocol: rule.protocol,
    from: rule.ports?.from ?? 0,
    to: rule.ports?.to ?? 65_535,
    icmpType: rule.icmp?.type ?? -1,
    icmpCode: rule.icmp?.code ?? -1,
    allow: true,
    open: rule.peer.kind === "cidr" && rule.peer.prefix.length === 0,
  };
}

/** Stands for the rules of a group that is on an interface but not in the model: it may allow anything. */
function unknownGroupRule(indexOf: (id: string) => number, unknown: number): CompiledRule {
  const any = { protocol: -1, from: 0, to: 65_535, icmpType: -1, icmpCode: -1, allow: true, open: false };
  return { index: indexOf("unknown-group"), peer: unknown, ...any };
}

function compileEntry(entry: NetworkAclEntry, index: number, peer: number): CompiledRule {
  return {
    index,
    peer,
    protocol: entry.protocol,
    from: entry.ports?.from ?? 0,
    to: entry.ports?.to ?? 65_535,
    icmpType: entry.icmp?.type ?? -1,
    icmpCode: entry.icmp?.code ?? -1,
    allow: entry.action === "allow",
    open: entry.prefix.length === 0,
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

function servicesOf(filters: readonly Filter[]): Services {
  const ranges = (protocol: number): CompiledRule[] =>
    filters.flatMap((filter) => filter.rules.filter((rule) => rule.protocol === protocol));
  return buildServices(ranges(TCP), ranges(UDP));
}
