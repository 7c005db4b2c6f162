import { prefixAddresses } from "../../analysis/breadth.ts";
import type { Peer, SecurityGroupRule, Snapshot } from "../../model/model.ts";
import { PEER_EXACT, resolverOf } from "../../model/resolve.ts";
import { isDivertedInside } from "../../model/routes.ts";
import type { Prefix } from "../../net/address.ts";
import { holdsPrefix } from "../../net/prefixes.ts";

/** A group or prefix list that a rule may name instead of addresses. */
export interface Reference {
  readonly peer: Peer;
  /** All addresses that it stands for, none of them outside the block of the rule that it replaces. */
  readonly members: readonly Prefix[];
  readonly addresses: number;
}

/**
 * Groups of the rule's VPC and prefix lists that lie wholly inside the rule's block. Groups are left out where routes lead
 * traffic inside the VPC through an appliance (a reference does not match across one) and where a Network Load Balancer
 * is a member (it may preserve other addresses).
 */
export function referencesFor(rule: SecurityGroupRule, snapshot: Snapshot): Reference[] {
  if (rule.peer.kind !== "cidr") return [];
  const block = rule.peer.prefix;
  const resolver = resolverOf(snapshot);
  const reference = (peer: Peer): Reference[] => {
    const { blocks: members, state } = resolver.addressesOf(peer);
    const inside = members.length > 0 && members.every((one) => holdsPrefix(block, one));
    if (!inside || state !== PEER_EXACT) return [];
    return [{ peer, members, addresses: members.reduce((sum, one) => sum + prefixAddresses(one), 0) }];
  };
  const lists = [...snapshot.prefixLists.keys()].flatMap((id) => reference({ kind: "prefix-list", id }));
  const vpcId = snapshot.securityGroups.get(rule.groupId)?.vpcId ?? null;
  if (vpcId === null || isDivertedInside(snapshot, vpcId)) return lists;
  const groups = [...snapshot.securityGroups.values()]
    .filter((group) => group.vpcId === vpcId)
    .flatMap(({ id, ownerId }) =>
      reference({ kind: "group", id, userId: ownerId, peeringId: null, peeringStatus: null }),
    );
  return [...groups, ...lists];
}
