import { IPV4, IPV6, type Prefix } from "../../net/address.ts";
import type { Subnet, Vpc } from "../model.ts";

const four = (a: number, b: number, c: number, d: number): Prefix => ({
  family: IPV4,
  words: [((a << 24) | (b << 16) | (c << 8) | d) >>> 0],
  length: 32,
});
const amazonSix = (last: number): Prefix => ({ family: IPV6, words: [0xfd000ec2, 0, 0, last], length: 128 });

/**
 * Amazon DNS, instance and task metadata, time synchronisation, Windows activation, and the address to which a DHCP client
 * calls out: the same in every VPC.
 */
const LINK_LOCAL: readonly Prefix[] = [
  four(169, 254, 169, 253),
  four(169, 254, 169, 254),
  four(169, 254, 169, 123),
  four(169, 254, 170, 2),
  four(169, 254, 169, 250),
  four(169, 254, 169, 251),
  four(255, 255, 255, 255),
  amazonSix(0x253),
  amazonSix(0x254),
  amazonSix(0x123),
];

/**
 * Addresses whose traffic neither security groups nor network ACLs filter (VPC User Guide, "Security groups" and "Network
 * ACLs"): the above, the Amazon DNS server at base + 2 of the VPC's primary block, the router at base + 1 of each subnet.
 */
export function unfilteredPrefixes(vpc: Vpc | undefined, subnets: readonly Subnet[]): Prefix[] {
  const host = (block: Prefix, offset: number): Prefix => ({
    family: IPV4,
    words: [(block.words[0] + offset) >>> 0],
    length: 32,
  });
  const result = [...LINK_LOCAL];
  const primary = vpc?.prefixes.find((block) => block.family === IPV4);
  if (primary) result.push(host(primary, 2));
  for (const subnet of subnets) {
    for (const block of subnet.prefixes) if (block.family === IPV4) result.push(host(block, 1));
  }
  return result;
}
