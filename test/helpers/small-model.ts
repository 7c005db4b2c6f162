import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "../../src/policy/load.ts";
import type { Model } from "../../src/policy/model.ts";

/**
 * A network in a few lines. Rules: `in tcp 443 0.0.0.0/0` or `out all 10.0.0.0/8`, the peer also a group or a prefix list;
 * ports `80-90` or ICMP `8/0`. Network ACL entries: `in 100 allow tcp 80 0.0.0.0/0`.
 */
export interface Network {
  readonly subnets: Readonly<Record<string, string | readonly string[]>>;
  /** Interface id: `subnet address[,address...] [group,group] [type]`. */
  readonly interfaces: Readonly<Record<string, string>>;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Entries by ACL id; `acls` says which subnets have which, others have one that allows everything. */
  readonly entries?: Readonly<Record<string, readonly string[]>>;
  readonly acls?: Readonly<Record<string, readonly string[]>>;
  readonly routes?: readonly object[];
  /** Entries by prefix list. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
}

const OPEN = [
  "in 100 allow all 0.0.0.0/0",
  "in 101 allow all ::/0",
  "out 100 allow all 0.0.0.0/0",
  "out 101 allow all ::/0",
];

export function describe(network: Network): Record<string, unknown> {
  const { subnets, interfaces, groups = {}, entries = {}, acls = {}, routes, lists = {} } = network;
  const placed = new Set(Object.values(acls).flat());
  const allAcls = { ...acls, "acl-open": Object.keys(subnets).filter((id) => !placed.has(id)) };
  return {
    Vpcs: [{ VpcId: "vpc-1", CidrBlock: "10.0.0.0/8" }],
    Subnets: Object.entries(subnets).map(([SubnetId, blocks]) => {
      const [four, six] = [blocks].flat();
      const set = six ? [{ Ipv6CidrBlock: six, Ipv6CidrBlockState: { State: "associated" } }] : [];
      return { SubnetId, VpcId: "vpc-1", CidrBlock: four, Ipv6CidrBlockAssociationSet: set };
    }),
    NetworkInterfaces: Object.entries(interfaces).map(([NetworkInterfaceId, text]) => {
      const [SubnetId, addresses, groupList = "", InterfaceType = "interface"] = text.split(" ");
      const fours = addresses.split(",").filter((one) => !one.includes(":"));
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
        Ipv6Addresses: addresses
          .split(",")
          .filter((one) => one.includes(":"))
          .map((Ipv6Address) => ({ Ipv6Address })),
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
    ...(routes ? { RouteTables: routes } : {}),
    ...Object.fromEntries(Object.entries(lists).map(([id, blocks]) => [id, blocks.map((Cidr) => ({ Cidr }))])),
  };
}

function groupRule(text: string): object {
  const words = text.split(" ");
  const [way, protocol] = words;
  const peer = words.at(-1)!;
  const range = words.length > 3 ? words[2] : null;
  const [from, to] = range === null ? [-1, -1] : range.split(/[-/](?=\d|-)/).map(Number);
  const name = peer.startsWith("pl-")
    ? { PrefixListId: peer }
    : peer.startsWith("sg-")
      ? { ReferencedGroupInfo: { GroupId: peer, UserId: "123456789012" } }
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

const NUMBERS: Readonly<Record<string, string>> = { all: "-1", icmp: "1", tcp: "6", udp: "17", icmpv6: "58" };

function aclEntry(text: string): object {
  const words = text.split(" ");
  const [way, number, action, protocol] = words;
  const block = words.at(-1)!;
  const range = words.length > 5 ? words[4] : null;
  const [from, to] = (range ?? "0").split(/[-/]/).map(Number);
  const icmp = protocol === "icmp" || protocol === "icmpv6";
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

/** The network as the model loader reads it from files. */
export async function smallModel(network: Network): Promise<Model> {
  const folder = mkdtempSync(join(tmpdir(), "flowreplay-model-"));
  try {
    for (const [key, list] of Object.entries(describe(network))) {
      writeFileSync(join(folder, `${key}.json`), JSON.stringify({ [key]: list }));
    }
    return await loadModel(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
