import { type Address, formatAddress, holdsAddress, IPV4, type Prefix } from "../net/address.ts";
import { hostPrefix, parsePrefix } from "../net/parse.ts";
import { holdsPrefix } from "../net/prefixes.ts";
import { UDP } from "../net/protocols.ts";
import type { NetworkInterface, Peer, PortRange, Snapshot } from "./model.ts";

// The one answer to what a rule's peer stands for: for the compiled policy, the analysis, changes and reports. The plain
// evaluator (src/explain) answers on its own, so that the two can check each other.

/** Whether an address outside the blocks of a peer may be the peer's: never; the model cannot tell; behind a load balancer. */
export const PEER_EXACT = 0;
export const PEER_UNRESOLVED = 1;
export const PEER_NLB = 2;

/** The addresses that a rule's peer stands for. */
export interface PeerAddresses {
  readonly blocks: readonly Prefix[];
  /** `PEER_EXACT`, `PEER_UNRESOLVED` or `PEER_NLB`. */
  readonly state: number;
}

/** Is an address the peer's? `perhaps` where the model cannot tell. */
type PeerAnswer = "yes" | "no" | "perhaps";

/** Answers about the peers and addresses of one snapshot. */
export interface Resolver {
  /** Interfaces that carry the security group. */
  membersOf(groupId: string): readonly NetworkInterface[];
  /** Interfaces that hold the address themselves or by a delegated prefix. */
  holdersOf(address: Address): readonly NetworkInterface[];
  /** The same object for the same group or prefix list. */
  addressesOf(peer: Peer): PeerAddresses;
  /**
   * `holders` are those of the address. Pass none where an appliance stands between: a reference to a group does not match
   * across one (VPC User Guide, "Security group rules").
   */
  matches(peer: Peer, address: Address, holders: readonly NetworkInterface[]): PeerAnswer;
  /** The addresses in a VPC that no layer filters, see `unfilteredPrefixes`. */
  unfilteredIn(vpcId: string | null): readonly Prefix[];
}

const resolvers = new WeakMap<Snapshot, Resolver>();

/** The resolver of a snapshot, made once. */
export function resolverOf(snapshot: Snapshot): Resolver {
  let resolver = resolvers.get(snapshot);
  if (resolver === undefined) resolvers.set(snapshot, (resolver = createResolver(snapshot)));
  return resolver;
}

function createResolver(snapshot: Snapshot): Resolver {
  const interfaces = [...snapshot.interfaces.values()];
  const members = new Map<string, NetworkInterface[]>();
  for (const one of interfaces) for (const group of one.groupIds) addTo(members, group, one);
  const membersOf = (groupId: string): readonly NetworkInterface[] => members.get(groupId) ?? [];

  const resolveGroup = (peer: Peer & { kind: "group" }): PeerAddresses => {
    // A reference over a peering that is gone matches nothing, nor does one to a deleted group, for which AWS gives no account.
    if (peer.peeringStatus !== null && peer.peeringStatus !== "active") return NOTHING;
    if (!members.has(peer.id) && !snapshot.securityGroups.has(peer.id))
      return peer.userId === null ? NOTHING : UNRESOLVED;
    const own = membersOf(peer.id);
    const state = own.some(({ type }) => type === "network_load_balancer") ? PEER_NLB : PEER_EXACT;
    return { blocks: own.flatMap(addressBlocks), state };
  };
  const resolve = (peer: Exclude<Peer, { kind: "cidr" }>): PeerAddresses => {
    if (peer.kind === "group") return resolveGroup(peer);
    const entries = snapshot.prefixLists.get(peer.id)?.entries ?? null;
    return entries === null ? UNRESOLVED : { blocks: entries, state: PEER_EXACT };
  };
  const resolved = new Map<string, PeerAddresses>();
  const addressesOf = (peer: Peer): PeerAddresses => {
    if (peer.kind === "cidr") return { blocks: [peer.prefix], state: PEER_EXACT };
    const key = peer.kind === "group" ? `${peer.id} ${peer.peeringStatus} ${peer.userId === null}` : peer.id;
    let addresses = resolved.get(key);
    if (addresses === undefined) resolved.set(key, (addresses = resolve(peer)));
    return addresses;
  };

  let byAddress: Map<string, NetworkInterface[]> | null = null;
  const delegated = interfaces.filter(({ prefixes }) => prefixes.length > 0);
  const unfiltered = new Map<string | null, readonly Prefix[]>();
  return {
    membersOf,
    addressesOf,
    holdersOf(address) {
      if (byAddress === null) {
        byAddress = new Map();
        for (const one of interfaces) for (const own of one.addresses) addTo(byAddress, formatAddress(own), one);
      }
      return [
        ...(byAddress.get(formatAddress(address)) ?? []),
        ...delegated.filter(({ prefixes }) => prefixes.some((prefix) => holdsAddress(prefix, address))),
      ];
    },
    matches(peer, address, holders) {
      if (peer.kind === "cidr") return holdsAddress(peer.prefix, address) ? "yes" : "no";
      const { blocks, state } = addressesOf(peer);
      const inside =
        peer.kind === "group"
          ? blocks.length > 0 && holders.some(({ groupIds }) => groupIds.includes(peer.id))
          : blocks.some((block) => holdsAddress(block, address));
      if (inside) return "yes";
      return state === PEER_EXACT ? "no" : "perhaps";
    },
    unfilteredIn(vpcId) {
      let prefixes = unfiltered.get(vpcId);
      if (prefixes === undefined) unfiltered.set(vpcId, (prefixes = unfilteredPrefixes(snapshot, vpcId)));
      return prefixes;
    },
  };
}

const NOTHING: PeerAddresses = { blocks: [], state: PEER_EXACT };
const UNRESOLVED: PeerAddresses = { blocks: [], state: PEER_UNRESOLVED };

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

/** All private addresses of an interface: what a reference to its group matches. */
export function addressBlocks(networkInterface: NetworkInterface): Prefix[] {
  return [...networkInterface.addresses.map(hostPrefix), ...networkInterface.prefixes];
}

/**
 * Amazon DNS, instance and task metadata, time synchronisation, Windows activation, and the address that DHCP clients call:
 * the same in every VPC.
 */
const UNFILTERED_EVERYWHERE: readonly Prefix[] = [
  "169.254.169.253/32",
  "169.254.169.254/32",
  "169.254.169.123/32",
  "169.254.170.2/32",
  "169.254.169.250/32",
  "169.254.169.251/32",
  "255.255.255.255/32",
  "fd00:ec2::253/128",
  "fd00:ec2::254/128",
  "fd00:ec2::123/128",
].map((text) => parsePrefix(text)!.prefix);

/**
 * Addresses whose traffic neither security groups nor network ACLs filter (VPC User Guide, "Security groups" and "Network
 * ACLs"): the above, the Amazon DNS server at base + 2 of the VPC's primary block, the router at base + 1 of each subnet.
 */
function unfilteredPrefixes(snapshot: Snapshot, vpcId: string | null): Prefix[] {
  const vpc = snapshot.vpcs.get(vpcId ?? "");
  const subnets = [...snapshot.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
  const ipv4 = (blocks: readonly Prefix[]): Prefix[] => blocks.filter(({ family }) => family === IPV4);
  const host = ({ words }: Prefix, offset: number): Prefix =>
    hostPrefix({ family: IPV4, words: [(words[0] + offset) >>> 0] });
  return [
    ...UNFILTERED_EVERYWHERE,
    ...ipv4(vpc?.prefixes ?? [])
      .slice(0, 1)
      .map((block) => host(block, 2)),
    ...subnets.flatMap(({ prefixes }) => ipv4(prefixes)).map((block) => host(block, 1)),
  ];
}

/** DHCP and DHCPv6. */
const DHCP_PORTS: readonly PortRange[] = [
  { from: 67, to: 68 },
  { from: 546, to: 547 },
];

/**
 * True for a rule that only matches traffic which no flow log shows (VPC User Guide, "Flow log limitations"): DHCP, and
 * traffic with Amazon DNS, instance metadata, time synchronisation, Windows activation or the VPC's routers. That no record
 * hit such a rule does not show that it is unused. `prefix` is null for a rule whose peer is a group or a prefix list.
 */
export function isUnlogged(
  snapshot: Snapshot,
  vpcId: string | null,
  {
    protocol,
    ports,
    prefix,
  }: { readonly protocol: number; readonly ports: PortRange | null; readonly prefix: Prefix | null },
): boolean {
  if (protocol === UDP && ports && DHCP_PORTS.some(({ from, to }) => ports.from >= from && ports.to <= to)) return true;
  return (
    prefix !== null &&
    resolverOf(snapshot)
      .unfilteredIn(vpcId)
      .some((address) => holdsPrefix(address, prefix))
  );
}
