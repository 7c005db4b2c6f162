import type { Model, NetworkInterface, Snapshot } from "../model/model.ts";
import type { Prefix } from "../net/address.ts";

/**
 * A subnet as the place of an interface that no snapshot knows; or a VPC, for addresses in none of its modelled subnets.
 * The interface that would stand there has every group that it may have: all of its VPC.
 */
export interface Place {
  readonly blocks: readonly Prefix[];
  readonly isSubnet: boolean;
  readonly stand: Pick<NetworkInterface, "vpcId" | "subnetId" | "groupIds">;
}

export function placesOf(snapshot: Snapshot): Place[] {
  const groupsOf = createGroupsOf(snapshot);
  const subnets = [...snapshot.subnets.values()].map(({ id, vpcId, prefixes }) => ({
    blocks: prefixes,
    isSubnet: true,
    stand: { vpcId, subnetId: id, groupIds: groupsOf(vpcId) },
  }));
  const vpcs = [...snapshot.vpcs.values()].map(({ id, prefixes }) => ({
    blocks: prefixes,
    isSubnet: false,
    stand: { vpcId: id, subnetId: null, groupIds: groupsOf(id) },
  }));
  return [...subnets, ...vpcs];
}

/** The accounts that own what the model has. */
export function accountsOf({ snapshots }: Model): string[] {
  const owners = snapshots.flatMap(({ interfaces, securityGroups }) =>
    [...interfaces.values(), ...securityGroups.values()].map(({ ownerId }) => ownerId),
  );
  return [...new Set(owners)].filter((owner) => owner !== null);
}

/** True for an account that owns nothing of the model: its networks may have the same addresses. */
export function isForeign(accounts: readonly string[], account: string): boolean {
  return accounts.length > 0 && /^\d{12}$/.test(account) && !accounts.includes(account);
}

/** The groups of a VPC: its own, those of no known VPC, and those of other VPCs that an interface in it has. */
function createGroupsOf(snapshot: Snapshot): (vpcId: string | null) => readonly string[] {
  const associated = new Map<string | null, Set<string>>();
  for (const { vpcId, groupIds } of snapshot.interfaces.values()) {
    let ids = associated.get(vpcId);
    if (ids === undefined) associated.set(vpcId, (ids = new Set()));
    for (const id of groupIds) ids.add(id);
  }
  const known = new Map<string | null, readonly string[]>();
  return (vpcId) => {
    let groups = known.get(vpcId);
    if (groups === undefined) {
      const here = [...snapshot.securityGroups.values()].filter(
        (group) =>
          vpcId === null || group.vpcId === null || group.vpcId === vpcId || associated.get(vpcId)?.has(group.id),
      );
      known.set(vpcId, (groups = here.map(({ id }) => id)));
    }
    return groups;
  };
}
