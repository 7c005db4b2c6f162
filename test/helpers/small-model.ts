import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "../../src/model/load.ts";
import type { Model } from "../../src/model/model.ts";
import { withFolder } from "./folder.ts";

/**
 * A network in a few lines. Rules: `in tcp 443 0.0.0.0/0` or `out all 10.0.0.0/8`, the peer also a prefix list or a group
 * (`sg-1`, `sg-1@account`, `sg-1@account/pcx-1/active`; `sg-1@` for one that was deleted); ports `80-90` or ICMP `8/0`.
 * Network ACL entries: `in 100 allow tcp 80 0.0.0.0/0`.
 */
export interface Network {
  /** Block of the VPC, and a second one. */
  readonly vpc?: string | readonly string[];
  readonly subnets: Readonly<Record<string, string | readonly string[]>>;
  /** Interface id: `subnet address[,address...] [group,group] [type]`; an address with a length is a delegated prefix. */
  readonly interfaces: Readonly<Record<string, string>>;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Entries by ACL id; `acls` says which subnets have which, others have one that allows everything. */
  readonly entries?: Readonly<Record<string, readonly string[]>>;
  readonly acls?: Readonly<Record<string, readonly string[]>>;
  readonly routes?: readonly object[];
  /** Routes of a subnet, beside the local one: `0.0.0.0/0 nat-1`. */
  readonly routesOf?: Readonly<Record<string, readonly string[]>>;
  /** Entries by prefix list; null: the model names the list but holds none. */
  readonly lists?: Readonly<Record<string, readonly string[] | null>>;
  /** `ConnectionTrackingConfiguration` by interface. */
  readonly tracking?: Readonly<Record<string, object>>;
  /** Further answers of describe calls, as they are. */
  readonly more?: Readonly<Record<string, readonly object[]>>;
}

const OPEN = [
  "in 100 allow all 0.0.0.0/0",
  "in 101 allow all ::/0",
  "out 100 allow all 0.0.0.0/0",
  "out 101 allow all ::/0",
];

export function describe(network: Network): Record<string, unknown> {
  const { subnets, interfaces, groups = {}, entries = {}, acls = {}, routes, routesOf, lists = {}, tracking } = network;
  const placed = new Set(Object.values(acls).flat());
  const allAcls = { ...acls, "acl-open": Object.keys(subnets).filter((id) => !placed.has(id)) };
  return {
    Vpcs: [vpcOf([network.vpc ?? "10.0.0.0/8"].flat())],
    Subnets: Object.entries(subnets).map(([SubnetId, blocks]) => {
      const [four, six] = [blocks].flat();
      const set = six ? [{ Ipv6CidrBlock: six, Ipv6CidrBlockState: { State: "associated" } }] : [];
      return { SubnetId, VpcId: "vpc-1", CidrBlock: four, Ipv6CidrBlockAssociationSet: set };
    }),
    NetworkInterfaces: Object.entries(interfaces).map(([NetworkInterfaceId, text]) => {
      const [SubnetId, addresses, groupList = "", InterfaceType = "interface"] = text.split(" ");
      const [hosts, prefixes] = [false, true].map((long) =>
        addresses.split(",").filter((one) => one.includes("/") === long),
      );
      const fours = hosts.filter((one) => !one.includes(":"));
      return {
        NetworkInterfaceId,
        VpcId: "vpc-1",
        SubnetId,
        InterfaceType,
        Groups: groupList
          .split(",")
          .filter(Boolean)
          .filter((id) => id !== "-")
          .map((GroupId) => ({ GroupId })),
        PrivateIpAddress: fours[0],
        PrivateIpAddresses: fours.map((PrivateIpAddress, at) => ({ PrivateIpAddress, Primary: at === 0 })),
        Ipv6Addresses: hosts.filter((one) => one.includes(":")).map((Ipv6Address) => ({ Ipv6Address })),
        Ipv4Prefixes: prefixes.filter((one) => !one.includes(":")).map((Ipv4Prefix) => ({ Ipv4Prefix })),
        Ipv6Prefixes: prefixes.filter((one) => one.includes(":")).map((Ipv6Prefix) => ({ Ipv6Prefix })),
        ConnectionTrackingConfiguration: tracking?.[NetworkInterfaceId],
      };
    }),
    SecurityGroups: Object.keys(groups).map((GroupId) => ({
      GroupId,
      GroupName: GroupId,
      VpcId: "vpc-1",
      IpPermissions: [],
      IpPermissionsEgress: [],
    })),
    SecurityGroupRules: Object.entries(groups).flatMap(([GroupId, rules]) =>
      rules.map((rule, at) => ({ SecurityGroupRuleId: `sgr-${GroupId}-${at}`, GroupId, ...groupRule(rule) })),
    ),
    NetworkAcls: Object.entries(allAcls).map(([NetworkAclId, ids]) => ({
      NetworkAclId,
      VpcId: "vpc-1",
      Associations: ids.map((SubnetId) => ({ SubnetId })),
      Entries: (entries[NetworkAclId] ?? OPEN).map(aclEntry),
    })),
    RouteTables: [
      ...(routes ?? []),
      ...Object.entries(routesOf ?? {}).map((one) => routeTable(one, [network.vpc ?? "10.0.0.0/8"].flat())),
    ],
    PrefixLists: Object.keys(lists).map((PrefixListId) => ({ PrefixListId })),
    ...Object.fromEntries(
      Object.entries(lists).flatMap(([id, blocks]) =>
        blocks === null ? [] : [[id, blocks.map((Cidr) => ({ Cidr }))]],
      ),
    ),
    ...network.more,
  };
}

function vpcOf([first, ...others]: readonly string[]): object {
  const set = [first, ...others].map((CidrBlock) => ({ CidrBlock, CidrBlockState: { State: "associated" } }));
  return { VpcId: "vpc-1", CidrBlock: first, CidrBlockAssociationSet: set };
}

function routeTable([subnet, routes]: [string, readonly string[]], vpc: readonly string[]): object {
  const local = vpc.map((DestinationCidrBlock) => ({ DestinationCidrBlock, GatewayId: "local", State: "active" }));
  return {
    RouteTableId: `rtb-${subnet}`,
    VpcId: "vpc-1",
    Associations: [{ SubnetId: subnet }],
    Routes: [
      ...local,
      ...routes.map((text) => {
        const [to, target, State = "active"] = text.split(" ");
        const destination = to.startsWith("pl-")
          ? { DestinationPrefixListId: to }
          : to.includes(":")
            ? { DestinationIpv6CidrBlock: to }
            : { DestinationCidrBlock: to };
        return { ...destination, [TARGETS[target.split("-")[0]] ?? "GatewayId"]: target, State };
      }),
    ],
  };
}

const TARGETS: Readonly<Record<string, string>> = {
  nat: "NatGatewayId",
  tgw: "TransitGatewayId",
  pcx: "VpcPeeringConnectionId",
  eni: "NetworkInterfaceId",
  i: "InstanceId",
  eigw: "EgressOnlyInternetGatewayId",
};

/** `in tcp 443 0.0.0.0/0` as describe-security-group-rules has it, without ids. */
export function groupRule(text: string): object {
  const words = text.split(" ");
  const [way, protocol] = words;
  const peer = words.at(-1)!;
  const range = words.length > 3 ? words[2] : null;
  const [from, to] = range === null ? [-1, -1] : rangeOf(range);
  const name = peer.startsWith("pl-")
    ? { PrefixListId: peer }
    : peer.startsWith("sg-")
      ? { ReferencedGroupInfo: referencedGroup(peer) }
      : peer.includes(":")
        ? { CidrIpv6: peer }
        : { CidrIpv4: peer };
  return {
    IsEgress: way === "out",
    IpProtocol: protocol === "all" ? "-1" : protocol,
    FromPort: from,
    ToPort: to ?? from,
    ...name,
  };
}

function referencedGroup(text: string): object {
  const [GroupId, where = "123456789012"] = text.split("@");
  if (where === "") return { GroupId };
  const [UserId, VpcPeeringConnectionId, PeeringStatus] = where.split("/");
  return { GroupId, UserId, VpcPeeringConnectionId, PeeringStatus };
}

const NUMBERS: Readonly<Record<string, string>> = { all: "-1", icmp: "1", tcp: "6", udp: "17", icmpv6: "58" };

/** `80`, `80-90`, `8/0`, `-1/-1`. */
function rangeOf(text: string): (number | undefined)[] {
  const [, from, to] = /^(-?\d+)(?:[-/](-?\d+))?$/.exec(text)!;
  return [Number(from), to === undefined ? undefined : Number(to)];
}

/** `in 100 allow tcp 80 0.0.0.0/0` as describe-network-acls has it. */
export function aclEntry(text: string): object {
  const words = text.split(" ");
  const [way, number, action, protocol] = words;
  const block = words.at(-1)!;
  const range = words.length > 5 ? words[4] : null;
  const [from, to] = rangeOf(range ?? "0");
  const icmp = ["1", "58"].includes(NUMBERS[protocol] ?? protocol);
  return {
    RuleNumber: Number(number),
    Egress: way === "out",
    RuleAction: action,
    Protocol: NUMBERS[protocol] ?? protocol,
    ...(block.includes(":") ? { Ipv6CidrBlock: block } : { CidrBlock: block }),
    ...(range === null
      ? {}
      : icmp
        ? { IcmpTypeCode: { Type: from, Code: to ?? -1 } }
        : { PortRange: { From: from, To: to ?? from } }),
  };
}

/** Writes the network into a folder as a user has it: a file for each kind of resource. */
export function writeNetwork(network: Network, folder: string): void {
  for (const [key, list] of Object.entries(describe(network))) {
    writeFileSync(join(folder, `${key}.json`), JSON.stringify({ [key]: list }));
  }
}

/** The network as the model loader reads it from files. */
export async function smallModel(network: Network): Promise<Model> {
  return withFolder((folder) => {
    writeNetwork(network, folder);
    return loadModel(folder);
  });
}
