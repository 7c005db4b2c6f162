import { prefixContains, type Prefix } from "../../net/address.ts";
import type { RouteTable, Snapshot } from "../model.ts";
import { parsePrefix } from "../../net/parse.ts";

/**
 * Destinations that the subnet's route table sends to a transit gateway. Where the attachment shares the subnet, AWS applies
 * no network ACL to traffic from the transit gateway (Transit Gateway guide, "Network ACLs for transit gateways").
 * Destinations that a longer local or other route takes away are left in: they do not arrive through the gateway anyway.
 */
export function transitPrefixes(snapshot: Snapshot, subnetId: string): Prefix[] {
  const table = tableOf(snapshot, subnetId);
  const result: Prefix[] = [];
  for (const route of table?.routes ?? []) {
    if (!route.target.startsWith("tgw-") || route.state !== "active") continue;
    if (route.destination.startsWith("pl-"))
      result.push(...(snapshot.prefixLists.get(route.destination)?.entries ?? []));
    else {
      const prefix = parsePrefix(route.destination)?.prefix;
      if (prefix) result.push(prefix);
    }
  }
  const own = [...(snapshot.vpcs.get(snapshot.subnets.get(subnetId)?.vpcId ?? "")?.prefixes ?? [])];
  return result.filter(
    (prefix) =>
      !own.some(
        (block) =>
          block.family === prefix.family && block.length <= prefix.length && prefixContains(block, prefix.words),
      ),
  );
}

function tableOf(snapshot: Snapshot, subnetId: string): RouteTable | undefined {
  const tables = [...snapshot.routeTables.values()];
  const vpcId = snapshot.subnets.get(subnetId)?.vpcId;
  return (
    tables.find((table) => table.subnetIds.includes(subnetId)) ??
    tables.find((table) => table.main && table.vpcId === vpcId)
  );
}
