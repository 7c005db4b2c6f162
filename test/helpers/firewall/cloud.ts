import { idOf } from "../../bench/generate/random.ts";
import { aclEntry, groupRule } from "../small-model.ts";
import type { AclEntry, Documents, GroupRule } from "./documents.ts";

const ACCOUNT = "123456789012";

/** Builds a configuration; every call adds to `documents` and returns the new thing's id (of an interface: its addresses). */
export interface Cloud {
  readonly documents: Documents;
  vpc(block: string): string;
  /** `blocks`: an IPv4 block, an IPv6 block or both. */
  subnet(vpcId: string, ...blocks: string[]): string;
  /** Rules as in `smallModel`: `in tcp 443 0.0.0.0/0`, peers also a group, a prefix list or `self`. */
  group(vpcId: string, name: string, ...rules: string[]): string;
  rule(groupId: string, text: string): string;
  /** `addresses` begin with the primary IPv4 address, where there is one. */
  nic(subnetId: string, groups: readonly string[], addresses: readonly string[], type?: string): string;
  /** Entries as in `smallModel`: `in 100 allow tcp 80 0.0.0.0/0`; the default denies come by themselves. */
  acl(vpcId: string, subnets: readonly string[], ...entries: string[]): string;
  prefixList(...blocks: string[]): string;
  /** References between the groups of two networks need a peering connection. */
  peer(vpcId: string, otherVpcId: string): void;
}

const OPEN = [
  "in 100 allow all 0.0.0.0/0",
  "out 100 allow all 0.0.0.0/0",
  "in 101 allow all ::/0",
  "out 101 allow all ::/0",
];
const DEFAULTS = [
  "in 32767 deny all 0.0.0.0/0",
  "out 32767 deny all 0.0.0.0/0",
  "in 32768 deny all ::/0",
  "out 32768 deny all ::/0",
];

/** `icmp` without a type means all types, which AWS writes as -1. */
function readEntry(text: string): AclEntry {
  const entry = aclEntry(text) as AclEntry;
  const icmp = entry.Protocol === "1" || entry.Protocol === "58";
  return icmp && !entry.IcmpTypeCode ? { ...entry, IcmpTypeCode: { Type: -1, Code: -1 } } : entry;
}

export function createCloud(seed: number): Cloud {
  let made = 0;
  const id = (prefix: string): string => idOf(seed, prefix, made++);
  const vpcOfGroup = new Map<string, string>();
  const peerings = new Map<string, string>();
  const documents: Documents = {
    Vpcs: [],
    Subnets: [],
    NetworkInterfaces: [],
    SecurityGroups: [],
    SecurityGroupRules: [],
    NetworkAcls: [],
    PrefixLists: [],
    VpcPeeringConnections: [],
  };

  const cloud: Cloud = {
    documents,
    vpc(block) {
      const VpcId = id("vpc");
      documents.Vpcs.push({ VpcId, CidrBlock: block });
      return VpcId;
    },
    subnet(VpcId, ...blocks) {
      const SubnetId = id("subnet");
      const [CidrBlock] = blocks.filter((one) => !one.includes(":"));
      documents.Subnets.push({
        SubnetId,
        VpcId,
        ...(CidrBlock === undefined ? {} : { CidrBlock }),
        Ipv6CidrBlockAssociationSet: blocks
          .filter((one) => one.includes(":"))
          .map((Ipv6CidrBlock) => ({ Ipv6CidrBlock, Ipv6CidrBlockState: { State: "associated" } })),
      });
      return SubnetId;
    },
    group(VpcId, GroupName, ...rules) {
      const GroupId = id("sg");
      vpcOfGroup.set(GroupId, VpcId);
      documents.SecurityGroups.push({ GroupId, GroupName, VpcId, IpPermissions: [], IpPermissionsEgress: [] });
      for (const rule of rules) cloud.rule(GroupId, rule);
      return GroupId;
    },
    rule(GroupId, text) {
      const rule = {
        SecurityGroupRuleId: id("sgr"),
        GroupId,
        ...groupRule(text.replace(/self$/, GroupId)),
      } as GroupRule;
      const reference = rule.ReferencedGroupInfo;
      const [own, far] = [vpcOfGroup.get(GroupId)!, vpcOfGroup.get(reference?.GroupId ?? "")];
      if (reference && far !== undefined && far !== own) {
        reference.UserId = ACCOUNT;
        reference.VpcId = far;
        reference.VpcPeeringConnectionId = peerings.get([own, far].sort().join())!;
        reference.PeeringStatus = "active";
      }
      documents.SecurityGroupRules.push(rule);
      return rule.SecurityGroupRuleId;
    },
    nic(SubnetId, groups, addresses, InterfaceType = "interface") {
      const NetworkInterfaceId = id("eni");
      const fours = addresses.filter((one) => !one.includes(":"));
      documents.NetworkInterfaces.push({
        NetworkInterfaceId,
        VpcId: documents.Subnets.find((one) => one.SubnetId === SubnetId)!.VpcId,
        SubnetId,
        InterfaceType,
        Groups: groups.map((GroupId) => ({ GroupId })),
        ...(fours.length === 0 ? {} : { PrivateIpAddress: fours[0] }),
        PrivateIpAddresses: fours.map((PrivateIpAddress, at) => ({ PrivateIpAddress, Primary: at === 0 })),
        Ipv6Addresses: addresses.filter((one) => one.includes(":")).map((Ipv6Address) => ({ Ipv6Address })),
      });
      return NetworkInterfaceId;
    },
    acl(VpcId, subnets, ...entries) {
      const NetworkAclId = id("acl");
      documents.NetworkAcls.push({
        NetworkAclId,
        VpcId,
        Associations: subnets.map((SubnetId) => ({ SubnetId })),
        Entries: [...(entries.length === 0 ? OPEN : entries), ...DEFAULTS].map((one) => readEntry(one)),
      });
      return NetworkAclId;
    },
    prefixList(...blocks) {
      const PrefixListId = id("pl");
      documents.PrefixLists.push({ PrefixListId, Entries: blocks.map((Cidr) => ({ Cidr })) });
      return PrefixListId;
    },
    peer(vpcId, otherVpcId) {
      const VpcPeeringConnectionId = id("pcx");
      peerings.set([vpcId, otherVpcId].sort().join(), VpcPeeringConnectionId);
      documents.VpcPeeringConnections.push({
        VpcPeeringConnectionId,
        Status: { Code: "active" },
        RequesterVpcInfo: { OwnerId: ACCOUNT, VpcId: vpcId },
        AccepterVpcInfo: { OwnerId: ACCOUNT, VpcId: otherVpcId },
      });
    },
  };
  return cloud;
}
