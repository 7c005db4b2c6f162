import type { Config } from "./config.ts";
import { type Packet, reversed } from "./packet.ts";
import type { Sighting } from "./network.ts";
import { matchingRules } from "./security-group.ts";

export type Reading = "ACCEPT" | "REJECT";

/**
 * What a configuration alone says of a packet at an interface, whatever was in force: its network ACL, and the group rules
 * for the direction in which the connection was opened. Replies stand and fall with their connection; an ICMP error with
 * the flow that it is about. null: the configuration does not know the interface.
 */
export function readingOf(config: Config, sighting: Sighting): Reading | null {
  const nic = config.nics.get(sighting.nic.id);
  if (!nic) return null;
  const { direction, packet } = sighting;
  const peer = direction === "ingress" ? packet.src : packet.dst;
  if (!config.sameSubnet(nic, peer) && !config.aclDecides(nic, direction, packet).allow) return "REJECT";
  if (!nic.hasGroups) return "ACCEPT";
  const admitted = (one: Packet, way: typeof direction): boolean => {
    const opening = one.reply ? reversed(one) : one;
    const openingWay = one.reply ? (way === "ingress" ? "egress" : "ingress") : way;
    return matchingRules(nic, openingWay, opening).length > 0;
  };
  if (packet.about && sighting.groups?.state === "related") {
    const { about } = packet;
    if (admitted(about, nic.addresses.includes(about.src) ? "egress" : "ingress")) return "ACCEPT";
  }
  return admitted(packet, direction) ? "ACCEPT" : "REJECT";
}
