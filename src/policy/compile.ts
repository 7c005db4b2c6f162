import type { Model, NetworkInterface, Snapshot } from "../model/model.ts";
import type { Prefix } from "../net/address.ts";
import { parsePrefix } from "../net/parse.ts";
import { aggregatePrefixes } from "../net/prefixes.ts";
import { TCP, UDP } from "../net/protocols.ts";
import type { CompiledRule, Filter } from "./filters.ts";
import { type CompiledInterfaces, compileInterfaces } from "./interfaces.ts";
import { createLayerFilters } from "./layer-filters.ts";
import { buildPeerClasses, type PeerClasses } from "./peer-classes.ts";
import { collectPeers, type PeerDoubts } from "./peers.ts";
import { accountsOf, placesOf } from "./places.ts";
import { buildServices, type Services } from "./services.ts";

/** The model, compiled for millions of records. Plain data that can be posted to a worker thread. */
export interface CompiledPolicy {
  readonly snapshots: readonly CompiledSnapshot[];
  /** Ids of all rules and entries of all snapshots; the `index` of a compiled rule points here. */
  readonly ruleIds: readonly string[];
  /** Ids of the known interfaces, then of all others. Decoders begin their interface dictionary with them. */
  readonly interfaceIds: readonly string[];
  /**
   * Idle time-outs that an interface sets itself (`ConnectionTrackingConfiguration`) or has as a load balancer, by index
   * into `interfaceIds`.
   */
  readonly timeouts: ReadonlyMap<number, NetworkInterface["tracking"]>;
  /** Ports that some rule names alone: they look like a server's. */
  readonly namedPorts: { readonly tcp: readonly number[]; readonly udp: readonly number[] };
  /** Accounts that own interfaces or groups. */
  readonly accounts: readonly string[];
  /** Blocks of addresses inside the network: the private ones, and the ranges of all VPCs. */
  readonly insideBlocks: readonly Prefix[];
}

export interface CompiledSnapshot {
  readonly name: string;
  /** Unix seconds from which it is in force; -Infinity for the first. */
  readonly since: number;
  readonly services: Services;
  readonly peers: PeerClasses;
  readonly peerDoubts: PeerDoubts;
  readonly filters: readonly Filter[];
  readonly interfaces: CompiledInterfaces;
  /** Where unknown interfaces may stand, by number: place `p` is row `interfaceIds.length + p` of `interfaces`. */
  readonly places: readonly { readonly blocks: readonly Prefix[]; readonly isSubnet: boolean }[];
}

/**
 * Compiles every snapshot. A rule keeps its index when its content changes. `knownInterfaces` and `knownRules` are the ids
 * that an evidence file already has numbers for; they keep these numbers.
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
  const timeouts = new Map<number, NetworkInterface["tracking"]>();
  ids.forEach((id, at) => {
    const one = model.snapshots.findLast((snapshot) => snapshot.interfaces.has(id))?.interfaces.get(id);
    const tracking = one?.type === "network_load_balancer" ? LOAD_BALANCER_TIMEOUTS : one?.tracking;
    if (tracking && isSet(tracking)) timeouts.set(at, tracking);
  });
  const rules = rulesOf(snapshots.flatMap(({ filters, interfaces }) => filters.slice(0, interfaces.filters)));
  return {
    timeouts,
    snapshots,
    ruleIds: [...ruleIndex.keys()],
    interfaceIds: ids,
    namedPorts: { tcp: portsNamed(rules, TCP), udp: portsNamed(rules, UDP) },
    accounts: accountsOf(model),
    insideBlocks: insideBlocks(model),
  };
}

/** Idle time-outs of connections through a Network Load Balancer, seconds (EC2 User Guide, "Connection tracking"). */
const LOAD_BALANCER_TIMEOUTS = { tcpEstablished: 350, udpStream: 120, udpSingle: 120 };

function isSet({ tcpEstablished, udpStream, udpSingle }: NetworkInterface["tracking"]): boolean {
  return tcpEstablished !== null || udpStream !== null || udpSingle !== null;
}

function portsNamed(rules: readonly CompiledRule[], protocol: number): number[] {
  const own = rules.filter((rule) => rule.protocol === protocol && rule.from === rule.to);
  return [...new Set(own.map((rule) => rule.from))];
}

/** RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 link-local: as `is_internal` in queries/views/probes.sql. */
const PRIVATE_BLOCKS: readonly Prefix[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fc00::/7",
  "fe80::/10",
].map((text) => parsePrefix(text)!.prefix);

function insideBlocks({ snapshots }: Model): Prefix[] {
  const ranges = snapshots.flatMap(({ vpcs }) => [...vpcs.values()].flatMap(({ prefixes }) => prefixes));
  return aggregatePrefixes([...PRIVATE_BLOCKS, ...ranges]);
}

/** Each rule once; most are in many filters. */
function rulesOf(filters: readonly Filter[]): CompiledRule[] {
  const rules = new Set<CompiledRule>();
  for (const filter of filters) for (const rule of filter.rules) rules.add(rule);
  return [...rules];
}

function compileSnapshot(
  snapshot: Snapshot,
  first: boolean,
  interfaceIds: readonly string[],
  indexOf: (id: string) => number,
): CompiledSnapshot {
  const peers = collectPeers(snapshot);
  const layers = createLayerFilters(snapshot, peers, indexOf);
  const places = placesOf(snapshot);
  const interfaces = compileInterfaces(snapshot, interfaceIds, places, layers, peers.idOfVpc);
  return {
    name: snapshot.name,
    since: first ? -Infinity : (snapshot.since ?? -Infinity),
    services: servicesOf(layers.filters),
    peers: buildPeerClasses(peers.blocks),
    peerDoubts: { states: Uint8Array.from(peers.states), unknownMembers: peers.unknownMembers },
    filters: layers.filters,
    interfaces,
    places: places.map(({ blocks, isSubnet }) => ({ blocks, isSubnet })),
  };
}

function servicesOf(filters: readonly Filter[]): Services {
  const rules = rulesOf(filters);
  const ranges = (protocol: number): CompiledRule[] => rules.filter((rule) => rule.protocol === protocol);
  return buildServices(ranges(TCP), ranges(UDP));
}
