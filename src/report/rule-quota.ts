import type { SecurityGroupRule, Snapshot } from "../model/model.ts";
import { plural } from "./summary-text.ts";

/** Default quota of rules of a group in each direction and address family (VPC guide, "Amazon VPC quotas"). */
const QUOTA = 60;

/** A line for every group that would have more rules of one direction and family than the default quota lets it have. */
export function quotaNotes(
  snapshot: Snapshot | undefined,
  edit: { readonly remove: readonly string[]; readonly add: readonly SecurityGroupRule[] },
): string[] {
  const gone = new Set(edit.remove);
  return [...new Set(edit.add.map(({ groupId }) => groupId))].flatMap((id) => {
    const left = snapshot?.securityGroups.get(id)?.rules.filter((rule) => !gone.has(rule.id)) ?? [];
    const rules = [...left, ...edit.add.filter(({ groupId }) => groupId === id)];
    return (["ingress", "egress"] as const).flatMap((direction) => {
      const count = Math.max(...[1, 2].map((family) => rules.filter((rule) => counts(rule, direction, family)).length));
      if (count <= QUOTA) return [];
      return [
        `${id} would have ${plural(count, `${direction} rule`)}; AWS's default quota is ${QUOTA} a direction and family`,
      ];
    });
  });
}

/** A reference counts for both families. */
function counts({ direction, peer }: SecurityGroupRule, wanted: string, family: number): boolean {
  return direction === wanted && (peer.kind !== "cidr" || peer.prefix.family === family);
}
