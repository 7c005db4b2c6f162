import type { Prefix } from "../../net/address.ts";
import { holdsPrefix } from "../../net/prefix-sets.ts";
import type { Snapshot } from "../model.ts";
import { activeRoutes, blocksOf, tableOf } from "./routes.ts";

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
