import * as z from "zod";

// Shapes of `aws ec2 describe-*` output (botocore ec2 service model), reduced to what the model holds. A field is required
// only where nothing works without it: old responses, other exporters and hand-written files leave out a lot.

const id = z
  .string()
  .regex(/^[^\s\p{C}]{1,255}$/u, { error: "expected an id (text without spaces or control characters)" });
const text = z.string().nullish();
const flag = z.boolean().nullish();
const list = <T extends z.ZodType>(item: T) => z.array(item).nullish();
const tags = list(z.object({ Key: z.string(), Value: text }));
/** State of the association of a CIDR or route table. */
const state = z.object({ State: text }).nullish();
const protocol = z.union([z.string(), z.number()], { error: "expected a protocol" });
const port = z.int({ error: "expected a whole number" }).nullish();
const association = z.object({ PublicIp: text }).nullish();

const userIdGroupPair = z.object({
  GroupId: text,
  GroupName: text,
  UserId: text,
  Description: text,
  VpcPeeringConnectionId: text,
  PeeringStatus: text,
});

const permission = z.object({
  IpProtocol: protocol,
  FromPort: port,
  ToPort: port,
  IpRanges: list(z.object({ CidrIp: z.string(), Description: text })),
  Ipv6Ranges: list(z.object({ CidrIpv6: z.string(), Description: text })),
  PrefixListIds: list(z.object({ PrefixListId: id, Description: text })),
  UserIdGroupPairs: list(userIdGroupPair),
});

const securityGroup = z.object({
  GroupId: id,
  GroupName: text,
  Description: text,
  VpcId: text,
  OwnerId: text,
  Tags: tags,
  IpPermissions: list(permission),
  IpPermissionsEgress: list(permission),
});

const securityGroupRule = z.object({
  SecurityGroupRuleId: id,
  GroupId: id,
  GroupOwnerId: text,
  IsEgress: z.boolean(),
  IpProtocol: protocol,
  FromPort: port,
  ToPort: port,
  CidrIpv4: text,
  CidrIpv6: text,
  PrefixListId: text,
  ReferencedGroupInfo: userIdGroupPair.nullish(),
  Description: text,
});

const networkAclEntry = z.object({
  RuleNumber: z.int().min(1).max(32768),
  Egress: z.boolean(),
  RuleAction: z.enum(["allow", "deny"]),
  Protocol: protocol,
  CidrBlock: text,
  Ipv6CidrBlock: text,
  PortRange: z.object({ From: port, To: port }).nullish(),
  IcmpTypeCode: z.object({ Type: port, Code: port }).nullish(),
});

const networkAcl = z.object({
  NetworkAclId: id,
  VpcId: text,
  IsDefault: flag,
  Tags: tags,
  Associations: list(z.object({ SubnetId: text })),
  Entries: list(networkAclEntry),
});

const networkInterface = z.object({
  NetworkInterfaceId: id,
  VpcId: text,
  SubnetId: text,
  OwnerId: text,
  InterfaceType: text,
  Description: text,
  RequesterManaged: flag,
  Attachment: z.object({ InstanceId: text, AttachTime: z.unknown().optional() }).nullish(),
  Groups: list(z.object({ GroupId: id })),
  PrivateIpAddress: text,
  PrivateIpAddresses: list(z.object({ PrivateIpAddress: text, Primary: flag, Association: association })),
  Ipv6Addresses: list(z.object({ Ipv6Address: z.string() })),
  Ipv4Prefixes: list(z.object({ Ipv4Prefix: z.string() })),
  Ipv6Prefixes: list(z.object({ Ipv6Prefix: z.string() })),
  Association: association,
  ConnectionTrackingConfiguration: z
    .object({ TcpEstablishedTimeout: port, UdpStreamTimeout: port, UdpTimeout: port })
    .nullish(),
  TagSet: tags,
});

const ipv6Blocks = list(z.object({ Ipv6CidrBlock: text, Ipv6CidrBlockState: state }));

const subnet = z.object({
  SubnetId: id,
  VpcId: text,
  CidrBlock: text,
  Ipv6CidrBlockAssociationSet: ipv6Blocks,
  Tags: tags,
});

const vpc = z.object({
  VpcId: id,
  CidrBlock: text,
  CidrBlockAssociationSet: list(z.object({ CidrBlock: text, CidrBlockState: state })),
  Ipv6CidrBlockAssociationSet: ipv6Blocks,
  IsDefault: flag,
  Tags: tags,
});

const route = z.object({
  DestinationCidrBlock: text,
  DestinationIpv6CidrBlock: text,
  DestinationPrefixListId: text,
  GatewayId: text,
  NatGatewayId: text,
  TransitGatewayId: text,
  VpcPeeringConnectionId: text,
  NetworkInterfaceId: text,
  InstanceId: text,
  EgressOnlyInternetGatewayId: text,
  LocalGatewayId: text,
  CarrierGatewayId: text,
  CoreNetworkArn: text,
  State: text,
});

const routeTable = z.object({
  RouteTableId: id,
  VpcId: text,
  Associations: list(z.object({ Main: flag, SubnetId: text, AssociationState: state })),
  Routes: list(route),
});

/** `Cidrs`: describe-prefix-lists (without `managed`) gives the blocks of the lists of gateway endpoints. */
const prefixList = z.object({ PrefixListId: id, PrefixListName: text, Cidrs: list(z.string()) });

const prefixListEntries = z.object({ PrefixListId: id, Entries: z.array(z.object({ Cidr: z.string() })) });

const peeringConnection = z.object({
  VpcPeeringConnectionId: id,
  Status: z.object({ Code: text }).nullish(),
});

/** Schemas by top-level key. `PrefixListId` beside `Entries` is an addition to get-managed-prefix-list-entries. */
export const SCHEMAS = {
  SecurityGroups: securityGroup,
  SecurityGroupRules: securityGroupRule,
  NetworkAcls: networkAcl,
  NetworkInterfaces: networkInterface,
  Subnets: subnet,
  Vpcs: vpc,
  RouteTables: routeTable,
  PrefixLists: prefixList,
  Entries: prefixListEntries,
  VpcPeeringConnections: peeringConnection,
} as const;

export type SectionKey = keyof typeof SCHEMAS;
export type Shape<K extends SectionKey> = z.output<(typeof SCHEMAS)[K]>;
export type PermissionShape = z.output<typeof permission>;
export type PeerGroupShape = z.output<typeof userIdGroupPair>;
export type NetworkAclEntryShape = z.output<typeof networkAclEntry>;
