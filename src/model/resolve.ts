import { IPV4, IPV6, type Prefix, prefixContains } from "../net/address.ts";
import { hostPrefix, parsePrefix } from "../net/parse.ts";
import { holdsPrefix, subtractPrefixes } from "../net/prefixes.ts";
import type { NetworkInterface, Peer, PrefixList, RouteTable, Snapshot, Subnet, Vpc } from "./model.ts";

/** How a peer stands to addresses outside its blocks: never matches, or perhaps (unresolvable, or behind a load balancer). */
export const PEER_EXACT = 0;
export const PEER_UNRESOLVED = 1;
export const PEER_NLB = 2;

/** The distinct peers of a snapshot's rules, and how each stands to addresses outside its blocks. */
export interface Peers {
  readonly blocks: Prefix[][];
  readonly states: number[];
  /** A peer that matches every address perhaps. */
  readonly unknown: number;
  /** `diverted`: addresses that the interface reaches through an appliance, where references to groups do not match. */
  idOf(peer: Peer, diverted?: Diverted): number;
  /** Addresses with which flows are tracked whatever the rules: those of the routes, and of interfaces that track. */
  idOfTracked(routes: Diverted): number;
  /** The addresses in a VPC that no layer filters; -1 where the VPC is not known. */
  idOfVpc(vpcId: string | null): number;
  /** Bit `family` of a peer that is 0.0.0.0/0 or ::/0, else 0. */
  openFamily(peer: number): number;
}

/** Addresses behind some routes of a subnet; `key` is the same for the same addresses. */
export interface Diverted {
  readonly key: string;
  readonly prefixes: readonly Prefix[];
}

/**
 * Interfaces whose flows are tracked whatever their rules (EC2 "Automatically tracked connections"): the `InterfaceType`
 * values that stand for NAT gateways, load balancers, endpoints and Lambda.
 */
export const AUTOMATICALLY_TRACKED = new Set([
  "natGateway",
  "nat_gateway",
  "network_load_balancer",
  "gateway_load_balancer",
  "gateway_load_balancer_endpoint",
  "vpc_endpoint",
  "lambda",
  "global_accelerator_managed",
]);

/** Starts with the peer that may be anything; the others are added as rules mention them. */
export function collectPeers(snapshot: Snapshot): Peers {
  const ids = new Map<string, number>();
  const blocks: Prefix[][] = [];
  const states: number[] = [];
  const add = (key: string, prefixes: Prefix[], state: number): number => {
    const known = ids.get(key);
    if (known !== undefined) return known;
    blocks.push(prefixes);
    states.push(state);
    ids.set(key, blocks.length - 1);
    return blocks.length - 1;
  };
  const members = new Map<string, NetworkInterface[]>();
  for (const networkInterface of snapshot.interfaces.values()) {
    for (const group of networkInterface.groupIds) {
      const list = members.get(group);
      if (list) list.push(networkInterface);
      else members.set(group, [networkInterface]);
    }
  }
  let tracking: readonly NetworkInterface[] | null = null;
  const unknown = add("unknown", [], PEER_UNRESOLVED);
  return {
    blocks,
    states,
    unknown,
    idOf(peer, diverted = NOTHING) {
      if (peer.kind === "cidr") {
        return add(
          `cidr|${peer.prefix.family}|${peer.prefix.words.join(".")}/${peer.prefix.length}`,
          [peer.prefix],
          PEER_EXACT,
        );
      }
      if (peer.kind === "prefix-list") {
        const entries = snapshot.prefixLists.get(peer.id)?.entries ?? null;
        return add(`pl|${peer.id}`, [...(entries ?? [])], entries === null ? PEER_UNRESOLVED : PEER_EXACT);
      }
      // A reference to a group or peering that is gone matches nothing; a group nobody gave us may match anything.
      if (peer.peeringStatus !== null && peer.peeringStatus !== "active") return add("gone", [], PEER_EXACT);
      const interfaces = members.get(peer.id);
      if (interfaces === undefined && !snapshot.securityGroups.has(peer.id)) {
        return peer.userId === null ? add("gone", [], PEER_EXACT) : add(`sg|${peer.id}`, [], PEER_UNRESOLVED);
      }
      const key = `sg|${peer.id}|${diverted.key}`;
      const known = ids.get(key);
      if (known !== undefined) return known;
      const behindBalancer = interfaces?.some((one) => one.type === "network_load_balancer") ?? false;
      const state = behindBalancer ? PEER_NLB : PEER_EXACT;
      const own = (interfaces ?? []).flatMap(addressBlocks);
      if (own.some((one) => meetsAny(one, diverted.prefixes))) {
        return add(
          key,
          own.flatMap((one) => subtractPrefixes(one, diverted.prefixes)),
          state,
        );
      }
      const whole = add(`sg|${peer.id}|`, own, state);
      ids.set(key, whole);
      return whole;
    },
    idOfTracked(routes) {
      tracking ??= [...snapshot.interfaces.values()].filter(({ type }) => AUTOMATICALLY_TRACKED.has(type));
      return add(`tracked|${routes.key}`, [...routes.prefixes, ...tracking.flatMap(addressBlocks)], PEER_EXACT);
    },
    idOfVpc(vpcId) {
      const vpc = vpcId === null ? undefined : snapshot.vpcs.get(vpcId);
      const subnets = [...snapshot.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
      return add(`unfiltered|${vpcId}`, unfilteredPrefixes(vpc, subnets), PEER_EXACT);
    },
    openFamily(peer) {
      const [block, ...others] = blocks[peer];
      return block !== undefined && others.length === 0 && block.length === 0 ? 1 << block.family : 0;
    },
  };
}

const NOTHING: Diverted = { key: "", prefixes: [] };

/** Does the block share an address with any of the others? */
function meetsAny(block: Prefix, others: readonly Prefix[]): boolean {
  return others.some(
    (other) =>
      other.family === block.family && (prefixContains(other, block.words) || prefixContains(block, other.words)),
  );
}

/** All private addresses of an interface: what a reference to its group matches. */
export function addressBlocks(networkInterface: NetworkInterface): Prefix[] {
  return [...networkInterface.addresses.map(hostPrefix), ...networkInterface.prefixes];
}

/** A route as the packet meets it: `list` is the prefix list that stands as its destination. */
export interface Route {
  readonly target: string;
  readonly list: PrefixList | null;
}

/**
 * The addresses that the subnet's route table sends to a target of the wanted kind: of the routes that hold an address the
 * longest decides (VPC User Guide, "Route priority"). Inside the VPC only appliances take the local route's place.
 */
export function routedPrefixes(snapshot: Snapshot, subnetId: string, wanted: (route: Route) => boolean): Prefix[] {
  const local = snapshot.vpcs.get(snapshot.subnets.get(subnetId)?.vpcId ?? "")?.prefixes ?? [];
  const routes = activeRoutes(tableOf(snapshot, subnetId))
    .flatMap(({ destination, target }) => {
      const list = isList(destination) ? (snapshot.prefixLists.get(destination) ?? null) : null;
      const kinds = { list, wanted: wanted({ target, list }), appliance: isMiddlebox({ target, list }) };
      return blocksOf(snapshot, destination).map((prefix) => ({ prefix, ...kinds }));
    })
    .filter(({ prefix, appliance }) => appliance || !local.some((block) => holdsPrefix(block, prefix)));
  const blocks = local.map((prefix) => ({ prefix, list: null, wanted: false }));
  const others = [...blocks, ...routes].filter((one) => !one.wanted);
  return routes.flatMap((route) => {
    if (!route.wanted) return [];
    const before = others.filter(({ prefix, list }) => {
      return (
        prefix.length > route.prefix.length || (list === null && route.list !== null && isSame(prefix, route.prefix))
      );
    });
    return subtractPrefixes(
      route.prefix,
      before.map(({ prefix }) => prefix),
    );
  });
}

/**
 * Routes through an appliance: its interface or instance, or the endpoint of a firewall or Gateway Load Balancer (gateway
 * endpoints, which are none, are reached by prefix lists). A group
 * reference does not match traffic that takes one (VPC User Guide, "Security group rules").
 */
export function isMiddlebox({ target, list }: Route): boolean {
  return /^(?:eni|i)-/.test(target) || (list === null && target.startsWith("vpce-"));
}

/**
 * Routes whose connections are tracked whatever the rules: NAT gateways, egress-only internet gateways, firewall endpoints,
 * the gateway endpoint of DynamoDB (EC2 User Guide, "Automatically tracked connections").
 */
export function isAlwaysTracked({ target, list }: Route): boolean {
  if (target.startsWith("vpce-")) return list === null || list.name.endsWith(".dynamodb");
  return /^(?:nat|eigw)-/.test(target);
}

/** The blocks that a route's destination stands for; none where the model lacks the prefix list's entries. */
function blocksOf(snapshot: Snapshot, destination: string): readonly Prefix[] {
  if (destination.startsWith("pl-")) return snapshot.prefixLists.get(destination)?.entries ?? [];
  const parsed = parsePrefix(destination);
  return parsed ? [parsed.prefix] : [];
}

/** Routes that work, those to a prefix list last: of two for one block the other has priority. */
function activeRoutes(table: RouteTable | undefined): RouteTable["routes"] {
  const active = (table?.routes ?? []).filter(({ state }) => state === "active");
  return active.toSorted((one, other) => Number(isList(one.destination)) - Number(isList(other.destination)));
}

function isList(destination: string): boolean {
  return destination.startsWith("pl-");
}

function isSame(one: Prefix, other: Prefix): boolean {
  return one.length === other.length && holdsPrefix(one, other);
}

/** The route table of the subnet: its own, or the main one of its VPC. */
function tableOf(snapshot: Snapshot, subnetId: string): RouteTable | undefined {
  const tables = [...snapshot.routeTables.values()];
  const vpcId = snapshot.subnets.get(subnetId)?.vpcId;
  return (
    tables.find((table) => table.subnetIds.includes(subnetId)) ??
    tables.find((table) => table.main && table.vpcId === vpcId)
  );
}

/** A destination of a subnet's route table. */
export interface Destination {
  readonly prefix: Prefix;
  /** Sent to a transit gateway. */
  readonly transit: boolean;
}

/**
 * The destinations of the subnet's route table, longest first: the first that holds an address is its route. Where the
 * attachment of a transit gateway shares the subnet, AWS applies no network ACL to traffic from it (Transit Gateway guide,
 * "Network ACLs for transit gateways"). Empty where no route leads to one.
 */
export function transitDestinations(snapshot: Snapshot, subnetId: string): Destination[] {
  const vpc = snapshot.vpcs.get(snapshot.subnets.get(subnetId)?.vpcId ?? "");
  const own = vpc?.prefixes ?? [];
  // Nothing inside the VPC is reached through a transit gateway (VPC User Guide, "Route priority").
  const isOwn = (prefix: Prefix): boolean => own.some((block) => holdsPrefix(block, prefix));
  const result: Destination[] = own.map((prefix) => ({ prefix, transit: false }));
  for (const route of activeRoutes(tableOf(snapshot, subnetId))) {
    const transit = route.target.startsWith("tgw-");
    for (const prefix of blocksOf(snapshot, route.destination)) {
      if (!isOwn(prefix)) result.push({ prefix, transit });
    }
  }
  if (!result.some(({ transit }) => transit)) return [];
  return result.sort((one, other) => other.prefix.length - one.prefix.length);
}

const four = (a: number, b: number, c: number, d: number): Prefix => ({
  family: IPV4,
  words: [((a << 24) | (b << 16) | (c << 8) | d) >>> 0],
  length: 32,
});
const amazonSix = (last: number): Prefix => ({ family: IPV6, words: [0xfd000ec2, 0, 0, last], length: 128 });

/**
 * Amazon DNS, instance and task metadata, time synchronisation, Windows activation, and the address to which a DHCP client
 * calls out: the same in every VPC.
 */
const LINK_LOCAL: readonly Prefix[] = [
  four(169, 254, 169, 253),
  four(169, 254, 169, 254),
  four(169, 254, 169, 123),
  four(169, 254, 170, 2),
  four(169, 254, 169, 250),
  four(169, 254, 169, 251),
  four(255, 255, 255, 255),
  amazonSix(0x253),
  amazonSix(0x254),
  amazonSix(0x123),
];

/**
 * Addresses whose traffic neither security groups nor network ACLs filter (VPC User Guide, "Security groups" and "Network
 * ACLs"): the above, the Amazon DNS server at base + 2 of the VPC's primary block, the router at base + 1 of each subnet.
 */
export function unfilteredPrefixes(vpc: Vpc | undefined, subnets: readonly Subnet[]): Prefix[] {
  const host = (block: Prefix, offset: number): Prefix => ({
    family: IPV4,
    words: [(block.words[0] + offset) >>> 0],
    length: 32,
  });
  const result = [...LINK_LOCAL];
  const primary = vpc?.prefixes.find((block) => block.family === IPV4);
  if (primary) result.push(host(primary, 2));
  for (const subnet of subnets) {
    for (const block of subnet.prefixes) if (block.family === IPV4) result.push(host(block, 1));
  }
  return result;
}
