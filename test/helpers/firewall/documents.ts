/** The parts of `aws ec2 describe-*` that the simulator reads. */
export interface Documents {
  Vpcs: Vpc[];
  Subnets: Subnet[];
  NetworkInterfaces: NetworkInterface[];
  SecurityGroups: Group[];
  SecurityGroupRules: GroupRule[];
  NetworkAcls: NetworkAcl[];
  PrefixLists: { PrefixListId: string; Entries: { Cidr: string }[] }[];
  VpcPeeringConnections: object[];
}

interface Vpc {
  VpcId: string;
  CidrBlock: string;
}

interface Subnet {
  SubnetId: string;
  VpcId: string;
  CidrBlock?: string;
  Ipv6CidrBlockAssociationSet: { Ipv6CidrBlock: string; Ipv6CidrBlockState: { State: string } }[];
}

interface NetworkInterface {
  NetworkInterfaceId: string;
  VpcId: string;
  SubnetId: string;
  InterfaceType: string;
  Groups: { GroupId: string }[];
  PrivateIpAddress?: string;
  PrivateIpAddresses: { PrivateIpAddress: string; Primary: boolean }[];
  Ipv6Addresses: { Ipv6Address: string }[];
}

interface Group {
  GroupId: string;
  GroupName: string;
  VpcId: string;
  IpPermissions: [];
  IpPermissionsEgress: [];
}

export interface GroupRule {
  SecurityGroupRuleId: string;
  GroupId: string;
  IsEgress: boolean;
  IpProtocol: string;
  FromPort: number;
  ToPort: number;
  CidrIpv4?: string;
  CidrIpv6?: string;
  PrefixListId?: string;
  ReferencedGroupInfo?: {
    GroupId: string;
    UserId: string;
    VpcId?: string;
    VpcPeeringConnectionId?: string;
    PeeringStatus?: string;
  };
}

interface NetworkAcl {
  NetworkAclId: string;
  VpcId: string;
  Associations: { SubnetId: string }[];
  Entries: AclEntry[];
}

export interface AclEntry {
  RuleNumber: number;
  Egress: boolean;
  RuleAction: "allow" | "deny";
  Protocol: string;
  CidrBlock?: string;
  Ipv6CidrBlock?: string;
  PortRange?: { From: number; To: number };
  IcmpTypeCode?: { Type: number; Code: number };
}
