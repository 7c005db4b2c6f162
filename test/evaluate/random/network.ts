import * as fc from "fast-check";
import type { Answers, Dated } from "../../helpers/model-of.ts";
import {
  BLOCKS_FOUR,
  BLOCKS_SIX,
  GROUPS,
  INTERFACES,
  MISSING_GROUPS,
  prefixFourOf,
  prefixSixOf,
  PREFIX_LISTS,
  primaryOf,
  secondaryOf,
  SINCE,
  sixOf,
  SUBNETS,
} from "./universe.ts";

type Json = Readonly<Record<string, unknown>>;

/** One configuration, in parts that a later one may exchange. */
export interface Configuration {
  /** By interface of the universe; null: not there. */
  readonly interfaces: readonly (Json | null)[];
  readonly groups: readonly string[];
  /** Without ids: a rule is known by its place. */
  readonly rules: readonly Json[];
  /** Network ACLs of subnet-a and of the others; null: the model has none. */
  readonly entries: readonly (readonly Json[] | null)[];
  readonly lists: readonly Json[];
  readonly routes: readonly Json[];
  /** Another VPC has the same addresses. */
  readonly twin: boolean;
}

/** One to three configurations over time, each an edit of the one before. */
export type History = readonly Configuration[];

const block4 = fc.constantFrom(...BLOCKS_FOUR, "0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/8");
const block6 = fc.constantFrom(...BLOCKS_SIX);
const anyGroup = fc.constantFrom(...GROUPS, ...GROUPS, ...MISSING_GROUPS);
const oneOrAll = fc.constantFrom<readonly [number, number]>(
  [22, 22],
  [53, 53],
  [80, 443],
  [443, 443],
  [8443, 8443],
  [1024, 65_535],
  [32_768, 61_000],
  [0, 65_535],
  [30_000, 30_000],
);
const icmpType = fc.constantFrom<readonly [number, number]>([-1, -1], [8, -1], [8, 0], [0, 0], [3, 4], [128, -1]);

const service = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ IpProtocol: "-1", FromPort: -1, ToPort: -1 }) },
  {
    weight: 4,
    arbitrary: oneOrAll.map(([FromPort, ToPort]) => ({ IpProtocol: "tcp", FromPort, ToPort })),
  },
  { weight: 2, arbitrary: oneOrAll.map(([FromPort, ToPort]) => ({ IpProtocol: "udp", FromPort, ToPort })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("icmp", "icmpv6"), icmpType)
      .map(([IpProtocol, [FromPort, ToPort]]) => ({ IpProtocol, FromPort, ToPort })),
  },
  { weight: 1, arbitrary: fc.constantFrom("47", "50").map((IpProtocol) => ({ IpProtocol, FromPort: -1, ToPort: -1 })) },
);

const reference = fc.record({
  GroupId: anyGroup,
  UserId: fc.constantFrom("123456789012", "123456789012", "210987654321", undefined),
  VpcPeeringConnectionId: fc.constantFrom(undefined, "pcx-1"),
  PeeringStatus: fc.constantFrom(undefined, undefined, undefined, "active", "deleted"),
});
const peer = fc.oneof(
  { weight: 4, arbitrary: block4.map((CidrIpv4) => ({ CidrIpv4 })) },
  { weight: 2, arbitrary: block6.map((CidrIpv6) => ({ CidrIpv6 })) },
  { weight: 3, arbitrary: reference.map((ReferencedGroupInfo) => ({ ReferencedGroupInfo })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("pl-full", "pl-full", ...PREFIX_LISTS).map((PrefixListId) => ({ PrefixListId })),
  },
);

export const groupRule: fc.Arbitrary<Json> = fc
  .tuple(fc.constantFrom("sg-a", "sg-a", "sg-a", "sg-b", ...GROUPS), fc.boolean(), service, peer)
  .map(([GroupId, IsEgress, what, whom]) => ({ GroupId, GroupOwnerId: "123456789012", IsEgress, ...what, ...whom }));

const aclService = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ Protocol: "-1" }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom("6", "17"), oneOrAll)
      .map(([Protocol, [From, To]]) => ({ Protocol, PortRange: { From, To } })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("1", "58"), icmpType)
      .map(([Protocol, [Type, Code]]) => ({ Protocol, IcmpTypeCode: { Type, Code } })),
  },
  { weight: 1, arbitrary: fc.constantFrom("47", "50").map((Protocol) => ({ Protocol })) },
);
const aclEntry = fc
  .tuple(
    fc.integer({ min: 1, max: 12 }),
    fc.boolean(),
    fc.constantFrom("allow", "allow", "deny"),
    aclService,
    fc.oneof(
      { weight: 3, arbitrary: block4.map((CidrBlock) => ({ CidrBlock })) },
      { weight: 1, arbitrary: block6.map((Ipv6CidrBlock) => ({ Ipv6CidrBlock })) },
    ),
  )
  .map(([RuleNumber, Egress, RuleAction, what, whom]): Json => ({ RuleNumber, Egress, RuleAction, ...what, ...whom }));
const OPEN = [false, true].flatMap((Egress) => [
  { RuleNumber: 100, Egress, RuleAction: "allow", Protocol: "-1", CidrBlock: "0.0.0.0/0" },
  { RuleNumber: 101, Egress, RuleAction: "allow", Protocol: "-1", Ipv6CidrBlock: "::/0" },
]);
/** Entries with numbers of their own, before two that let the rest pass or nothing. */
const aclEntries = fc
  .tuple(
    fc.uniqueArray(aclEntry, { maxLength: 8, selector: ({ RuleNumber, Egress }) => `${RuleNumber}|${Egress}` }),
    fc.boolean(),
  )
  .map(([entries, open]) => (open ? [...entries, ...OPEN] : entries));

const isHere = fc.boolean();
const often = fc.nat(3).map((draw) => draw < 3);
const interfaceAt = (at: number): fc.Arbitrary<Json> =>
  fc
    .record({
      secondary: often,
      six: often,
      four: fc.integer({ min: 0, max: 19 }).map((draw) => draw > 0),
      prefixFour: isHere,
      prefixSix: isHere,
      groups: fc.nat(9).chain((draw) => fc.subarray<string>(draw < 9 ? [...GROUPS] : [...GROUPS, "sg-gone"])),
      type: fc.constantFrom(
        "interface",
        "interface",
        "interface",
        "lambda",
        "natGateway",
        "network_load_balancer",
        "transit_gateway",
      ),
      tracking: fc.constantFrom(
        undefined,
        undefined,
        { TcpEstablishedTimeout: 60 },
        { UdpTimeout: 60, UdpStreamTimeout: 60 },
      ),
    })
    .map((plan) => {
      const place = INTERFACES[at];
      const fours = [...(plan.four ? [primaryOf(place)] : []), ...(plan.secondary ? [secondaryOf(place)] : [])];
      return {
        NetworkInterfaceId: place.id,
        VpcId: SUBNETS[place.subnet].vpc,
        SubnetId: place.subnet,
        InterfaceType: plan.type,
        Groups: plan.groups.map((GroupId) => ({ GroupId })),
        ...(fours.length > 0 && { PrivateIpAddress: fours[0] }),
        PrivateIpAddresses: fours.map((PrivateIpAddress, index) => ({ PrivateIpAddress, Primary: index === 0 })),
        Ipv6Addresses: plan.six ? [{ Ipv6Address: sixOf(place) }] : [],
        Ipv4Prefixes: plan.prefixFour ? [{ Ipv4Prefix: prefixFourOf(place) }] : [],
        Ipv6Prefixes: plan.prefixSix ? [{ Ipv6Prefix: prefixSixOf(place) }] : [],
        ...(plan.tracking && { ConnectionTrackingConfiguration: plan.tracking }),
      };
    });

const listEntries = fc.uniqueArray(fc.oneof(block4, block6), { maxLength: 4 });
const lists = fc
  .tuple(listEntries, listEntries, fc.boolean())
  .map(([full, empty, dynamo]): Json[] => [
    { PrefixListId: "pl-full", PrefixListName: dynamo ? "com.amazonaws.x.dynamodb" : "full", Entries: full },
    { PrefixListId: "pl-empty", Entries: empty.slice(0, 0) },
    { PrefixListId: "pl-bare" },
  ]);
/** A route's destination stands once in its table: a second one of the same is no table of AWS. */
const destinationOf = (route: Json): string =>
  `${route.DestinationCidrBlock ?? ""}${route.DestinationIpv6CidrBlock ?? ""}${route.DestinationPrefixListId ?? ""}`;
const route = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: block4.map((DestinationCidrBlock) => ({ DestinationCidrBlock })) },
      { weight: 1, arbitrary: block6.map((DestinationIpv6CidrBlock) => ({ DestinationIpv6CidrBlock })) },
      { weight: 1, arbitrary: fc.constant({ DestinationPrefixListId: "pl-full" }) },
    ),
    fc.constantFrom<Json>(
      { TransitGatewayId: "tgw-1" },
      { TransitGatewayId: "tgw-1" },
      { GatewayId: "igw-1" },
      { NatGatewayId: "nat-1" },
      { NetworkInterfaceId: "eni-4" },
      { GatewayId: "vpce-1" },
      { EgressOnlyInternetGatewayId: "eigw-1" },
    ),
    fc.constantFrom("active", "active", "active", "blackhole"),
  )
  .map(([to, by, State]): Json => ({ ...to, ...by, State }));

const configuration: fc.Arbitrary<Configuration> = fc.record({
  interfaces: fc.tuple(...INTERFACES.map((_, at) => fc.option(interfaceAt(at), { nil: null, freq: at < 3 ? 30 : 8 }))),
  groups: fc.oneof(
    { weight: 9, arbitrary: fc.constant([...GROUPS]) },
    { weight: 1, arbitrary: fc.subarray([...GROUPS], { minLength: 3 }) },
  ),
  rules: fc.array(groupRule, { maxLength: 30, size: "max" }),
  entries: fc.tuple(fc.option(aclEntries, { nil: null, freq: 8 }), fc.option(aclEntries, { nil: null, freq: 8 })),
  lists,
  routes: fc.uniqueArray(route, { maxLength: 5, selector: destinationOf }),
  twin: fc.nat(9).map((draw) => draw === 9),
});

/** What a later configuration has in place of the one before; parts that are not drawn stay as they were. */
const edit: fc.Arbitrary<Partial<Configuration> & { readonly without: readonly number[] }> = fc.record(
  {
    interfaces: configuration.map((one) => one.interfaces),
    groups: configuration.map((one) => one.groups),
    entries: configuration.map((one) => one.entries),
    lists,
    routes: configuration.map((one) => one.routes),
    /** Rules that are gone, by place. */
    without: fc.uniqueArray(fc.nat(29), { maxLength: 12 }),
  },
  { requiredKeys: ["without"] },
);

export const history: fc.Arbitrary<History> = fc
  .tuple(configuration, fc.array(edit, { maxLength: 2 }))
  .map(([first, edits]) =>
    edits.reduce(
      (all, { without, ...parts }) => {
        const before = all.at(-1)!;
        // A rule that goes leaves its place: the others keep their ids.
        const rules = before.rules.map((rule, at) => (without.includes(at) ? GONE : rule));
        return [...all, { ...before, rules, ...parts }];
      },
      [first],
    ),
  );

const GONE: Json = {};

/** The configurations as AWS would describe them. */
export function describeHistory(configurations: History): Dated[] {
  return configurations.map((one, at) => ({
    name: `config-${at}`,
    since: configurations.length === 1 ? null : SINCE[at],
    answers: describe(one),
  }));
}

function describe({ interfaces, groups, rules, entries, lists: prefixLists, routes, twin }: Configuration): Answers {
  const acls = [
    { NetworkAclId: "acl-a", subnets: ["subnet-a"] },
    { NetworkAclId: "acl-b", subnets: ["subnet-b", "subnet-c"] },
  ];
  return {
    Vpcs: [
      vpc("vpc-1", "10.0.0.0/16", "2001:db8:1::/56"),
      vpc("vpc-2", "10.1.0.0/16", "2001:db8:2::/56"),
      ...(twin ? [vpc("vpc-3", "10.0.0.0/16", "2001:db8:3::/56")] : []),
    ],
    Subnets: Object.entries({ ...SUBNETS, ...(twin && { "subnet-d": TWIN }) }).map(
      ([SubnetId, { vpc: VpcId, four, six }]) => ({
        SubnetId,
        VpcId,
        CidrBlock: `${four}.0/24`,
        Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: `${six}::/64`, Ipv6CidrBlockState: { State: "associated" } }],
      }),
    ),
    NetworkInterfaces: interfaces.filter((one) => one !== null),
    SecurityGroups: groups.map((GroupId) => ({ GroupId, VpcId: "vpc-1", OwnerId: "123456789012" })),
    SecurityGroupRules: rules
      .map((rule, at) => ({ SecurityGroupRuleId: `sgr-${at}`, ...rule }))
      .filter((rule) => "GroupId" in rule && groups.includes(rule.GroupId as string)),
    NetworkAcls: acls.flatMap(({ NetworkAclId, subnets }, at) => {
      if (entries[at] === null) return [];
      const Associations = subnets.map((SubnetId) => ({ SubnetId }));
      return [{ NetworkAclId, VpcId: "vpc-1", Associations, Entries: entries[at] }];
    }),
    PrefixLists: prefixLists.map(({ PrefixListId, PrefixListName }) => ({ PrefixListId, PrefixListName })),
    ...Object.fromEntries(
      prefixLists
        .filter((list) => list.Entries)
        .map(({ PrefixListId, Entries }) => [PrefixListId as string, (Entries as string[]).map((Cidr) => ({ Cidr }))]),
    ),
    RouteTables: [
      { RouteTableId: "rtb-a", VpcId: "vpc-1", Associations: [{ SubnetId: "subnet-a" }], Routes: routes },
      { RouteTableId: "rtb-main", VpcId: "vpc-1", Associations: [{ Main: true }], Routes: routes.slice(0, 1) },
    ],
  };
}

const TWIN = { vpc: "vpc-3", four: "10.0.0", six: "2001:db8:3:0" };

function vpc(VpcId: string, CidrBlock: string, Ipv6CidrBlock: string): Json {
  return {
    VpcId,
    CidrBlock,
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock, Ipv6CidrBlockState: { State: "associated" } }],
  };
}
