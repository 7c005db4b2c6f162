import type { AclEntry, Documents, GroupRule } from "./documents.ts";
import { type Direction, ICMP, ICMPV6, type Packet, TCP, UDP } from "./packet.ts";
import { containedIn } from "./prefix.ts";

/** A group rule as a question about packets that open a connection: peer and destination port. */
export interface Rule {
  readonly id: string;
  /** `packet` opens a connection in the rule's direction, `peer` is its far end. */
  matches(packet: Packet, peer: string): boolean;
  /** From or to 0.0.0.0/0 or ::/0; `everyPort`: and all ports, so that it lets any response pass. */
  readonly open: 0 | 4 | 6;
  everyPort(protocol: number): boolean;
}

export interface Nic {
  readonly id: string;
  readonly subnetId: string;
  /** What records show for secondary IPv4 addresses too. */
  readonly primary: string | null;
  readonly addresses: readonly string[];
  readonly hasGroups: boolean;
  readonly rules: Readonly<Record<Direction, readonly Rule[]>>;
}

export interface AclDecision {
  readonly acl: string;
  readonly number: number;
  readonly allow: boolean;
}

export interface Config {
  readonly nics: ReadonlyMap<string, Nic>;
  ownerOf(address: string): Nic | undefined;
  sameSubnet(nic: Nic, peer: string): boolean;
  /** The network ACL of the interface's subnet: the lowest number that matches. */
  aclDecides(nic: Nic, direction: Direction, packet: Packet): AclDecision;
}

/** Reads a configuration: AWS's rules of matching, one rule at a time (VPC User Guide, "Security group rules", "Network ACL rules"). */
export function readConfig(documents: Documents): Config {
  const members = new Map<string, Set<string>>();
  for (const nic of documents.NetworkInterfaces) {
    for (const { GroupId } of nic.Groups) {
      const set = members.get(GroupId) ?? new Set();
      for (const one of addressesOf(nic)) set.add(one);
      members.set(GroupId, set);
    }
  }
  const lists = new Map(
    documents.PrefixLists.map((list) => [list.PrefixListId, list.Entries.map(({ Cidr }) => containedIn(Cidr))]),
  );
  const peerOf = (rule: GroupRule): ((peer: string) => boolean) => {
    const block = rule.CidrIpv4 ?? rule.CidrIpv6;
    if (block !== undefined) return containedIn(block);
    const entries = lists.get(rule.PrefixListId ?? "");
    if (entries) return (peer) => entries.some((inside) => inside(peer));
    const addresses = members.get(rule.ReferencedGroupInfo?.GroupId ?? "");
    return (peer) => addresses?.has(peer) ?? false;
  };
  const rules = new Map<string, Record<Direction, Rule[]>>();
  for (const rule of documents.SecurityGroupRules) {
    const ofGroup = rules.get(rule.GroupId) ?? { ingress: [], egress: [] };
    ofGroup[rule.IsEgress ? "egress" : "ingress"].push(readRule(rule, peerOf(rule)));
    rules.set(rule.GroupId, ofGroup);
  }
  const nics = new Map<string, Nic>();
  const owners = new Map<string, Nic>();
  for (const one of documents.NetworkInterfaces) {
    const union = (direction: Direction): Rule[] =>
      one.Groups.flatMap(({ GroupId }) => rules.get(GroupId)?.[direction] ?? []);
    const nic: Nic = {
      id: one.NetworkInterfaceId,
      subnetId: one.SubnetId,
      primary: one.PrivateIpAddress ?? null,
      addresses: addressesOf(one),
      hasGroups: one.Groups.length > 0,
      rules: { ingress: union("ingress"), egress: union("egress") },
    };
    nics.set(nic.id, nic);
    for (const address of nic.addresses) owners.set(address, nic);
  }
  const acls = new Map(
    documents.NetworkAcls.flatMap((acl) => {
      const entries = acl.Entries.toSorted((a, b) => a.RuleNumber - b.RuleNumber);
      return acl.Associations.map(({ SubnetId }) => [SubnetId, { id: acl.NetworkAclId, entries }] as const);
    }),
  );
  const subnets = new Map(
    documents.Subnets.map((one) => {
      const blocks = [one.CidrBlock ?? [], one.Ipv6CidrBlockAssociationSet.map((set) => set.Ipv6CidrBlock)].flat();
      return [one.SubnetId, blocks.map(containedIn)];
    }),
  );
  return {
    nics,
    ownerOf: (address) => owners.get(address),
    sameSubnet: (nic, peer) => subnets.get(nic.subnetId)!.some((inside) => inside(peer)),
    aclDecides(nic, direction, packet) {
      const acl = acls.get(nic.subnetId)!;
      const decides = acl.entries.find((entry) => entryMatches(entry, direction, packet));
      // Not even `*`: a list without entries denies.
      return { acl: acl.id, number: decides?.RuleNumber ?? 32_767, allow: decides?.RuleAction === "allow" };
    },
  };
}

function addressesOf(nic: Documents["NetworkInterfaces"][number]): string[] {
  return [
    ...nic.PrivateIpAddresses.map(({ PrivateIpAddress }) => PrivateIpAddress),
    ...nic.Ipv6Addresses.map(({ Ipv6Address }) => Ipv6Address),
  ];
}

const NUMBERS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, icmp: ICMP, icmpv6: ICMPV6 };

function readRule(rule: GroupRule, isPeer: (peer: string) => boolean): Rule {
  const protocol = NUMBERS[rule.IpProtocol] ?? Number(rule.IpProtocol);
  const covers = (packet: Packet): boolean => {
    if (protocol === -1) return true;
    if (protocol !== packet.protocol) return false;
    if (protocol === TCP || protocol === UDP) return rule.FromPort <= packet.dstPort && packet.dstPort <= rule.ToPort;
    if (protocol !== ICMP && protocol !== ICMPV6) return true;
    return typeMatches(rule.FromPort, rule.ToPort, packet);
  };
  return {
    id: rule.SecurityGroupRuleId,
    matches: (packet, peer) => covers(packet) && isPeer(peer),
    open: rule.CidrIpv4 === "0.0.0.0/0" ? 4 : rule.CidrIpv6 === "::/0" ? 6 : 0,
    everyPort: (asked) => protocol === -1 || (protocol === asked && rule.FromPort === 0 && rule.ToPort === 65_535),
  };
}

function typeMatches(type: number, code: number, { icmp }: Packet): boolean {
  return type === -1 || (icmp?.type === type && (code === -1 || icmp.code === code));
}

function entryMatches(entry: AclEntry, direction: Direction, packet: Packet): boolean {
  if (entry.Egress !== (direction === "egress")) return false;
  if (!containedIn(entry.CidrBlock ?? entry.Ipv6CidrBlock!)(direction === "egress" ? packet.dst : packet.src)) {
    return false;
  }
  const protocol = Number(entry.Protocol);
  if (protocol === -1) return true;
  if (protocol !== packet.protocol) return false;
  if (entry.PortRange && (protocol === TCP || protocol === UDP)) {
    return entry.PortRange.From <= packet.dstPort && packet.dstPort <= entry.PortRange.To;
  }
  if (entry.IcmpTypeCode) return typeMatches(entry.IcmpTypeCode.Type, entry.IcmpTypeCode.Code, packet);
  return true;
}
