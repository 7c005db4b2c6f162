import type { Model, NetworkAcl, Snapshot } from "./model.ts";

/**
 * A model that speaks of a part only (a Terraform plan, a file of groups) laid over a whole one: what it names replaces
 * what was there, the rest stays as it is in the newest snapshot of `whole`.
 */
export function overlayModel(whole: Model, part: Model): Model {
  const base = whole.snapshots.at(-1);
  if (!base) return part;
  return { snapshots: part.snapshots.map((snapshot) => overlay(base, snapshot)), notes: part.notes };
}

function overlay(base: Snapshot, over: Snapshot): Snapshot {
  const merge = <T>(below: ReadonlyMap<string, T>, above: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...below, ...above]);
  // A subnet has one network ACL: the one that the part gives it.
  const taken = new Set([...over.networkAcls.values()].flatMap((acl) => acl.subnetIds));
  const acls = [...base.networkAcls.values()].map((acl): [string, NetworkAcl] => [
    acl.id,
    { ...acl, subnetIds: acl.subnetIds.filter((subnet) => !taken.has(subnet)) },
  ]);
  return {
    name: over.name,
    since: over.since,
    interfaces: merge(base.interfaces, over.interfaces),
    subnets: merge(base.subnets, over.subnets),
    vpcs: merge(base.vpcs, over.vpcs),
    securityGroups: merge(base.securityGroups, over.securityGroups),
    networkAcls: merge(new Map(acls), keepAssociations(base, over)),
    prefixLists: merge(base.prefixLists, over.prefixLists),
    routeTables: merge(base.routeTables, over.routeTables),
  };
}

/** An ACL that the part names without its subnets (a plan with separate associations) keeps those it has. */
function keepAssociations(base: Snapshot, over: Snapshot): Map<string, NetworkAcl> {
  return new Map(
    [...over.networkAcls].map(([id, acl]) => {
      const subnetIds = acl.subnetIds.length > 0 ? acl.subnetIds : (base.networkAcls.get(id)?.subnetIds ?? []);
      return [id, { ...acl, subnetIds }];
    }),
  );
}
