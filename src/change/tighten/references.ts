import type { Prefix } from "../../net/address.ts";
import { parsePrefix } from "../../net/parse.ts";
import { holdsPrefix } from "../../net/prefixes.ts";
import { prefixAddresses } from "../../analysis/breadth.ts";
import { addressBlocks } from "../../model/resolve.ts";
import type { NetworkInterface, Peer, SecurityGroupRule, Snapshot } from "../../model/model.ts";

/** A group or prefix list that a rule may name instead of addresses. */
export interface Reference {
  readonly peer: Peer;
  /** All that it stands for, never more than the rule in whose place it comes lets pass. */
  readonly members: readonly Prefix[];
  readonly addresses: number;
}

/** All blocks that the peers of a rule stand for; empty where nobody knows. */
export function membersOf(peer: Peer, snapshot: Snapshot): readonly Prefix[] {
  if (peer.kind === "cidr") return [peer.prefix];
  if (peer.kind === "prefix-list") return snapshot.prefixLists.get(peer.id)?.entries ?? [];
  return [...snapshot.interfaces.values()].filter((one) => one.groupIds.includes(peer.id)).flatMap(addressBlocks);
}

/**
 * Groups of the rule's VPC and prefix lists that lie wholly inside the rule's block. Groups are left out where routes lead
 * traffic inside the VPC through an appliance (a reference does not match behind one) and where a Network Load Balancer
 * is a member (it may preserve other addresses).
 */
export function referencesFor(rule: SecurityGroupRule, snapshot: Snapshot): Reference[] {
  const { peer } = rule;
  if (peer.kind !== "cidr") return [];
  const inside = (members: readonly Prefix[]): boolean =>
    members.length > 0 && members.every((one) => holdsPrefix(peer.prefix, one));
  const reference = (peer: Peer, members: readonly Prefix[]): Reference[] => {
    if (!inside(members)) return [];
    return [{ peer, members, addresses: members.reduce((sum, one) => sum + prefixAddresses(one), 0) }];
  };
  const lists = [...snapshot.prefixLists.values()].flatMap(({ id, entries }) =>
    reference({ kind: "prefix-list", id }, entries ?? []),
  );
  const vpcId = snapshot.securityGroups.get(rule.groupId)?.vpcId ?? null;
  if (vpcId === null || hasAppliances(vpcId, snapshot)) return lists;
  const balanced = new Set(
    [...snapshot.interfaces.values()].flatMap((one) => (one.type === "network_load_balancer" ? one.groupIds : [])),
  );
  const members = new Map<string, NetworkInterface[]>();
  for (const one of snapshot.interfaces.values()) {
    for (const id of one.groupIds) {
      const known = members.get(id);
      if (known) known.push(one);
      else members.set(id, [one]);
    }
  }
  const groups = [...snapshot.securityGroups.values()]
    .filter((group) => group.vpcId === vpcId && !balanced.has(group.id))
    .flatMap(({ id, ownerId }) =>
      reference(
        { kind: "group", id, userId: ownerId, peeringId: null, peeringStatus: null },
        (members.get(id) ?? []).flatMap(addressBlocks),
      ),
    );
  return [...groups, ...lists];
}

/** A route of the VPC to addresses of the VPC that is not `local`. */
function hasAppliances(vpcId: string, snapshot: Snapshot): boolean {
  const own = snapshot.vpcs.get(vpcId)?.prefixes ?? [];
  return [...snapshot.routeTables.values()].some(
    (table) =>
      table.vpcId === vpcId &&
      table.routes.some(({ destination, target }) => {
        const block = target === "local" ? null : parsePrefix(destination);
        return block !== null && own.some((vpc) => holdsPrefix(vpc, block.prefix));
      }),
  );
}
