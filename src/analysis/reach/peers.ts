import { holds } from "../../explain/match-rule.ts";
import { wayTo } from "../../explain/route.ts";
import type { NetworkInterface, Peer, Snapshot } from "../../model/model.ts";
import { type Address, formatAddress, type Prefix } from "../../net/address.ts";

/** Does an address belong to a rule's peer? `perhaps` where the model cannot tell. */
export type PeerAnswer = "yes" | "no" | "perhaps";

/** Who holds what address, and who is in what group, ready to be asked for many addresses. */
export interface Holders {
  readonly byAddress: ReadonlyMap<string, readonly NetworkInterface[]>;
  readonly delegated: readonly { readonly prefix: Prefix; readonly holder: NetworkInterface }[];
  readonly balanced: ReadonlySet<string>;
  readonly populated: ReadonlySet<string>;
}

export function holdersOf(snapshot: Snapshot): Holders {
  const byAddress = new Map<string, NetworkInterface[]>();
  const delegated: { prefix: Prefix; holder: NetworkInterface }[] = [];
  const balanced = new Set<string>();
  const populated = new Set<string>();
  for (const one of snapshot.interfaces.values()) {
    for (const address of one.addresses) {
      const key = formatAddress(address);
      const list = byAddress.get(key);
      if (list) list.push(one);
      else byAddress.set(key, [one]);
    }
    for (const prefix of one.prefixes) delegated.push({ prefix, holder: one });
    for (const group of one.groupIds) {
      populated.add(group);
      if (one.type === "network_load_balancer") balanced.add(group);
    }
  }
  return { byAddress, delegated, balanced, populated };
}

/** Interfaces that hold the address themselves or by a delegated prefix. */
export function interfacesAt({ byAddress, delegated }: Holders, address: Address): NetworkInterface[] {
  return [
    ...(byAddress.get(formatAddress(address)) ?? []),
    ...delegated.flatMap(({ prefix, holder }) => (holds(prefix, address) ? [holder] : [])),
  ];
}

/** The same answer as the evaluators', for an address whose holders are known. `direct`: no appliance stands between. */
export function asksPeer(
  snapshot: Snapshot,
  holders: Holders,
  peer: Peer,
  address: Address,
  heldBy: readonly NetworkInterface[],
  direct: boolean,
): PeerAnswer {
  if (peer.kind === "cidr") return holds(peer.prefix, address) ? "yes" : "no";
  if (peer.kind === "prefix-list") {
    const entries = snapshot.prefixLists.get(peer.id)?.entries ?? null;
    if (entries === null) return "perhaps";
    return entries.some((entry) => holds(entry, address)) ? "yes" : "no";
  }
  if (peer.peeringStatus !== null && peer.peeringStatus !== "active") return "no";
  if (!holders.populated.has(peer.id) && !snapshot.securityGroups.has(peer.id)) {
    return peer.userId === null ? "no" : "perhaps";
  }
  if (direct && heldBy.some((one) => one.groupIds.includes(peer.id))) return "yes";
  return holders.balanced.has(peer.id) ? "perhaps" : "no";
}

/** Gateways that lead out of the private network. */
const OUTWARDS = /^(?:igw|nat|eigw)-/;

/**
 * Can packets of the interface get to the interface that holds the address? Inside a VPC always (the local route); to
 * another one where a route leads there and not out. Without a route table of the VPC in the model the answer is yes:
 * nothing says otherwise.
 */
export function leadsTo(snapshot: Snapshot, from: NetworkInterface, to: NetworkInterface, address: Address): boolean {
  if (from.vpcId === null || to.vpcId === null || from.vpcId === to.vpcId) return true;
  if (![...snapshot.routeTables.values()].some(({ vpcId }) => vpcId === from.vpcId)) return true;
  const target = wayTo(snapshot, from, address)?.target;
  return target !== undefined && target !== "local" && !OUTWARDS.test(target);
}

/** Does any route lead through an appliance? Where none does, no interface needs to be asked. */
export function hasAppliances({ routeTables }: Snapshot): boolean {
  return [...routeTables.values()].some(({ routes }) => routes.some(({ target }) => /^(?:eni|i|vpce)-/.test(target)));
}
