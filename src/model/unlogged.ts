import type { Prefix } from "../net/address.ts";
import { holdsPrefix } from "../net/prefixes.ts";
import { UDP } from "../net/protocols.ts";
import type { PortRange, Snapshot } from "./model.ts";
import { unfilteredPrefixes } from "./resolve.ts";

interface Rule {
  readonly protocol: number;
  readonly ports: PortRange | null;
  /** Null for a rule whose peer is a group or a prefix list. */
  readonly prefix: Prefix | null;
}

/** DHCP and DHCPv6. */
const DHCP_PORTS: readonly PortRange[] = [
  { from: 67, to: 68 },
  { from: 546, to: 547 },
];

/**
 * Tells rules for traffic alone that no flow log shows (VPC User Guide, "Flow log limitations"): with Amazon DNS, instance
 * metadata, time synchronisation, Windows activation or the VPC's routers, and DHCP. That nothing hit such a rule says
 * nothing of its use.
 */
export function createUnloggedTest(snapshot: Snapshot): (vpcId: string | null, rule: Rule) => boolean {
  const known = new Map<string | null, readonly Prefix[]>();
  const addressesOf = (vpcId: string | null): readonly Prefix[] => {
    let addresses = known.get(vpcId);
    if (addresses === undefined) {
      const subnets = [...snapshot.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
      addresses = unfilteredPrefixes(snapshot.vpcs.get(vpcId ?? ""), subnets);
      known.set(vpcId, addresses);
    }
    return addresses;
  };
  return (vpcId, { protocol, ports, prefix }) => {
    if (protocol === UDP && ports && DHCP_PORTS.some(({ from, to }) => ports.from >= from && ports.to <= to))
      return true;
    return prefix !== null && addressesOf(vpcId).some((address) => holdsPrefix(address, prefix));
  };
}
