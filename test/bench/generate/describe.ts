import { formatIpv4 } from "../../../src/net/address.ts";
import { ACCOUNT, BLOCKED, type Peer, type PlannedRule, type Policy, REGION } from "./policy.ts";
import { NETWORK6, type Topology } from "./topology.ts";

/** The `describe-*` answers, by file name. */
export function describeConfiguration(topology: Topology, policy: Policy): Record<string, unknown> {
  const { vpcId, subnets, enis } = topology;
  const byCidr = (peer: Peer): { CidrIpv4?: string; CidrIpv6?: string } =>
    "group" in peer ? {} : peer.cidr.includes(":") ? { CidrIpv6: peer.cidr } : { CidrIpv4: peer.cidr };
  const permission = ({ protocol, from, to, peer, description }: PlannedRule): object => {
    const cidr = byCidr(peer);
    return {
      IpProtocol: protocol,
      FromPort: from,
      ToPort: to,
      IpRanges: cidr.CidrIpv4 ? [{ CidrIp: cidr.CidrIpv4, Description: description }] : [],
      Ipv6Ranges: cidr.CidrIpv6 ? [{ CidrIpv6: cidr.CidrIpv6, Description: description }] : [],
      PrefixListIds: [],
      UserIdGroupPairs: "group" in peer ? [{ GroupId: peer.group, UserId: ACCOUNT, Description: description }] : [],
    };
  };
  const blocks = new Set(subnets.map((subnet) => `${formatIpv4((subnet.network & 0xffff0000) >>> 0)}/16`));
  return {
    "vpcs.json": {
      Vpcs: [
        {
          VpcId: vpcId,
          OwnerId: ACCOUNT,
          IsDefault: false,
          CidrBlock: "10.0.0.0/16",
          CidrBlockAssociationSet: Array.from(blocks, (block, index) => ({
            AssociationId: `vpc-cidr-assoc-${index}`,
            CidrBlock: block,
            CidrBlockState: { State: "associated" },
          })),
          Ipv6CidrBlockAssociationSet: [
            {
              AssociationId: "vpc-cidr-assoc-6",
              Ipv6CidrBlock: NETWORK6,
              Ipv6CidrBlockState: { State: "associated" },
            },
          ],
        },
      ],
    },
    "subnets.json": {
      Subnets: subnets.map((subnet) => ({
        SubnetId: subnet.id,
        VpcId: vpcId,
        OwnerId: ACCOUNT,
        CidrBlock: `${formatIpv4(subnet.network)}/24`,
        AvailabilityZone: `${REGION}a`,
        AvailabilityZoneId: "euw1-az1",
        Ipv6CidrBlockAssociationSet: [
          {
            AssociationId: `subnet-cidr-assoc-${subnet.id}`,
            Ipv6CidrBlock: `${subnet.network6}/64`,
            Ipv6CidrBlockState: { State: "associated" },
          },
        ],
      })),
    },
    "security-groups.json": {
      SecurityGroups: policy.groups.map((group) => ({
        GroupId: group.id,
        GroupName: group.name,
        Description: group.name,
        VpcId: vpcId,
        OwnerId: ACCOUNT,
        IpPermissions: group.rules.filter((rule) => !rule.egress).map(permission),
        IpPermissionsEgress: group.rules.filter((rule) => rule.egress).map(permission),
      })),
    },
    "security-group-rules.json": {
      SecurityGroupRules: policy.groups.flatMap((group) =>
        group.rules.map((rule) => ({
          SecurityGroupRuleId: rule.id,
          GroupId: group.id,
          GroupOwnerId: ACCOUNT,
          IsEgress: rule.egress,
          IpProtocol: rule.protocol,
          FromPort: rule.from,
          ToPort: rule.to,
          ...byCidr(rule.peer),
          ...("group" in rule.peer ? { ReferencedGroupInfo: { GroupId: rule.peer.group, UserId: ACCOUNT } } : {}),
          Description: rule.description,
        })),
      ),
    },
    "network-acls.json": {
      NetworkAcls: [publicAcl(topology, policy.publicAcl), privateAcl(topology, policy.privateAcl)],
    },
    "network-interfaces.json": {
      NetworkInterfaces: enis.map((eni) => ({
        NetworkInterfaceId: eni.id,
        VpcId: vpcId,
        SubnetId: subnets[eni.subnet].id,
        OwnerId: ACCOUNT,
        Status: "in-use",
        InterfaceType: "interface",
        Description: `${eni.role} of application ${eni.application}`,
        RequesterManaged: false,
        Groups: policy.groupsOf(eni).map((group) => ({ GroupId: group.id, GroupName: group.name })),
        PrivateIpAddress: eni.addressText,
        PrivateIpAddresses: [{ PrivateIpAddress: eni.addressText, Primary: true }],
        Ipv6Addresses: [{ Ipv6Address: eni.address6 }],
        TagSet: [{ Key: "Name", Value: `${eni.role}-${eni.application}-${eni.index}` }],
      })),
    },
  };
}

interface AclEntry {
  readonly number: number;
  readonly egress?: boolean;
  readonly action?: "allow" | "deny";
  readonly protocol?: "-1" | "6" | "17";
  readonly ports?: readonly [number, number];
  readonly cidr: string;
}

function publicAcl(topology: Topology, id: string): object {
  return networkAcl(topology, id, true, [
    { number: 90, action: "deny", cidr: BLOCKED },
    { number: 100, protocol: "6", ports: [443, 443], cidr: "0.0.0.0/0" },
    { number: 101, protocol: "6", ports: [443, 443], cidr: "::/0" },
    { number: 110, protocol: "6", ports: [8443, 8443], cidr: "0.0.0.0/0" },
    { number: 120, cidr: "10.0.0.0/8" },
    { number: 121, cidr: NETWORK6 },
    { number: 130, protocol: "6", ports: [1024, 65535], cidr: "0.0.0.0/0" },
    { number: 131, protocol: "6", ports: [1024, 65535], cidr: "::/0" },
    { number: 100, egress: true, cidr: "0.0.0.0/0" },
    { number: 101, egress: true, cidr: "::/0" },
  ]);
}

function privateAcl(topology: Topology, id: string): object {
  return networkAcl(topology, id, false, [
    { number: 100, cidr: "10.0.0.0/8" },
    { number: 101, cidr: NETWORK6 },
    { number: 110, protocol: "6", ports: [1024, 65535], cidr: "0.0.0.0/0" },
    { number: 111, protocol: "6", ports: [1024, 65535], cidr: "::/0" },
    { number: 100, egress: true, cidr: "0.0.0.0/0" },
    { number: 101, egress: true, cidr: "::/0" },
  ]);
}

function networkAcl({ vpcId, subnets }: Topology, id: string, isPublic: boolean, entries: readonly AclEntry[]): object {
  const defaults = [false, true].flatMap((egress): AclEntry[] => [
    { number: 32767, egress, action: "deny", cidr: "0.0.0.0/0" },
    { number: 32768, egress, action: "deny", cidr: "::/0" },
  ]);
  return {
    NetworkAclId: id,
    VpcId: vpcId,
    OwnerId: ACCOUNT,
    IsDefault: false,
    Associations: subnets
      .filter((subnet) => subnet.public === isPublic)
      .map((subnet) => ({ NetworkAclAssociationId: `aclassoc-${subnet.id}`, NetworkAclId: id, SubnetId: subnet.id })),
    Entries: [...entries, ...defaults].map((entry) => ({
      RuleNumber: entry.number,
      Egress: entry.egress ?? false,
      RuleAction: entry.action ?? "allow",
      Protocol: entry.protocol ?? "-1",
      ...(entry.ports ? { PortRange: { From: entry.ports[0], To: entry.ports[1] } } : {}),
      ...(entry.cidr.includes(":") ? { Ipv6CidrBlock: entry.cidr } : { CidrBlock: entry.cidr }),
    })),
  };
}
