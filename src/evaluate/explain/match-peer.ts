import { formatAddress, formatPrefix, prefixContains, type Address, type Prefix } from "../../net/address.ts";
import { hostPrefix } from "../../net/parse.ts";
import type { NetworkInterface, Peer, Snapshot } from "../../policy/model.ts";
import type { Doubt, Match } from "./trace.ts";

export interface PeerMatch {
  readonly matches: Match;
  readonly doubt: Doubt | null;
  readonly because: string;
}

/** True when the block holds the address; a block holds addresses of its own family only. */
export function holds(block: Prefix, address: Address): boolean {
  return block.family === address.family && prefixContains(block, address.words);
}

/** Every private address of an interface, and the prefixes delegated to it. */
export function ownBlocks(one: NetworkInterface): Prefix[] {
  return [...one.addresses.map(hostPrefix), ...one.prefixes];
}

/** Is the address the peer that a rule names? `appliance` is what stands between, null for nothing. */
export function matchPeer(snapshot: Snapshot, peer: Peer, address: Address, appliance: string | null): PeerMatch {
  if (peer.kind === "cidr") return matchBlock(peer.prefix, address);
  return peer.kind === "prefix-list"
    ? matchPrefixList(snapshot, peer.id, address)
    : matchGroup(snapshot, peer, address, appliance);
}

export function matchBlock(block: Prefix, address: Address): PeerMatch {
  const [text, name] = [formatAddress(address), formatPrefix(block)];
  if (block.family !== address.family) return no(`${name} is of the other address family than ${text}`);
  return holds(block, address) ? yes(`${text} is in ${name}`) : no(`${text} is not in ${name}`);
}

function matchPrefixList(snapshot: Snapshot, id: string, address: Address): PeerMatch {
  const text = formatAddress(address);
  const entries = snapshot.prefixLists.get(id)?.entries ?? null;
  if (entries === null) return perhaps("unresolved_reference", `the model has no entries of ${id}`);
  const entry = entries.find((one) => holds(one, address));
  if (entry) return yes(`${text} is in ${formatPrefix(entry)}, an entry of ${id}`);
  return no(`${text} is in none of the ${entries.length} entries of ${id}`);
}

/** A reference matches the private addresses of the interfaces that carry the group (VPC User Guide, "Security groups"). */
function matchGroup(
  snapshot: Snapshot,
  peer: Peer & { kind: "group" },
  address: Address,
  appliance: string | null,
): PeerMatch {
  const text = formatAddress(address);
  if (peer.peeringStatus !== null && peer.peeringStatus !== "active") {
    return no(`the peering to ${peer.id} is ${peer.peeringStatus}: a stale rule matches nothing`);
  }
  const members = [...snapshot.interfaces.values()].filter((one) => one.groupIds.includes(peer.id));
  if (members.length === 0 && !snapshot.securityGroups.has(peer.id)) {
    if (peer.userId === null) return no(`${peer.id} does not exist any more: a stale rule matches nothing`);
    return perhaps("unresolved_reference", `${peer.id} is not in the model`);
  }
  const member = members.find((one) => ownBlocks(one).some((block) => holds(block, address)));
  if (member && appliance === null) return yes(`${text} is an address of ${member.id}, a member of ${peer.id}`);
  if (members.some((one) => one.type === "network_load_balancer")) {
    return perhaps("nlb_client_ip", `${peer.id} is on a network load balancer, which may hand ${text} on as it came`);
  }
  if (member) return no(`${text} is reached through ${appliance}, an appliance: no reference to a group matches`);
  return no(`${text} is no address of the ${members.length} members of ${peer.id}`);
}

const yes = (because: string): PeerMatch => ({ matches: "yes", doubt: null, because });
const no = (because: string): PeerMatch => ({ matches: "no", doubt: null, because });
const perhaps = (doubt: Doubt, because: string): PeerMatch => ({ matches: "perhaps", doubt, because });
