import { expect, test } from "vitest";
import type { CheckId } from "../../../src/analysis/lint/finding.ts";
import { lintModel } from "../../../src/analysis/lint/lint.ts";
import { loadModel } from "../../../src/model/load.ts";
import { read } from "../../helpers/documents.ts";
import { sample } from "../../helpers/samples.ts";
import { type Files, load } from "../../model/model-folder.ts";

/** The findings of one check as `severity ids <- covering: message`. */
async function findings(check: CheckId, files: Files): Promise<string[]> {
  return lintModel(await load(files))
    .filter((one) => one.check === check)
    .map((one) => {
      const ids = one.ruleIds.length > 0 ? one.ruleIds.join(" ") : one.subjectId;
      const by = one.coveringRuleIds.length > 0 ? ` <- ${one.coveringRuleIds.join(" ")}` : "";
      return `${one.severity} ${ids}${by}: ${one.message}`;
    });
}

const eni = (id: string, groups: string[], address = "10.0.0.5"): object => ({
  NetworkInterfaceId: id,
  PrivateIpAddress: address,
  Groups: groups.map((GroupId) => ({ GroupId })),
});
const tcp = (port: number, ...cidrs: string[]): object => ({
  IpProtocol: "tcp",
  FromPort: port,
  ToPort: port,
  IpRanges: cidrs.filter((one) => !one.includes(":")).map((CidrIp) => ({ CidrIp, Description: "x" })),
  Ipv6Ranges: cidrs.filter((one) => one.includes(":")).map((CidrIpv6) => ({ CidrIpv6, Description: "x" })),
});
const group = (id: string, permissions: object[], more: object = {}): object => ({
  GroupId: id,
  GroupName: id,
  Description: "x",
  IpPermissions: permissions,
  ...more,
});
const model = (groups: object[], interfaces: object[] = [], more: Files = {}): Files => ({
  sg: { SecurityGroups: groups },
  eni: { NetworkInterfaces: interfaces },
  ...more,
});
const entry = (
  number: number,
  action: string,
  protocol: string,
  from: number,
  to: number,
  more: object = {},
): object => ({
  RuleNumber: number,
  RuleAction: action,
  Protocol: protocol,
  PortRange: { From: from, To: to },
  CidrBlock: "0.0.0.0/0",
  Egress: false,
  ...more,
});
const acl = (...entries: object[]): Files => ({ acl: { NetworkAcls: [{ NetworkAclId: "acl-1", Entries: entries }] } });
const out = { Egress: true };
const replies = entry(900, "allow", "6", 1024, 65535);

test.each<[CheckId, string, Files, string[]]>([
  [
    "nacl-entry-shadowed",
    "several entries together, one of them against it",
    acl(
      entry(10, "allow", "6", 1, 100),
      entry(20, "deny", "6", 101, 200, { CidrBlock: "0.0.0.0/1" }),
      entry(30, "deny", "6", 90, 200, { CidrBlock: "128.0.0.0/1" }),
      entry(40, "deny", "6", 50, 150),
      entry(50, "deny", "6", 50, 201),
    ),
    [
      "medium acl-1/ingress/40 <- acl-1/ingress/10 acl-1/ingress/20 acl-1/ingress/30: deny 40 is never reached: 10, 20, 30 together decide all of its traffic, allow 10 against it",
    ],
  ],
  [
    "nacl-entry-redundant",
    "the same decision, IPv6 apart",
    acl(
      entry(10, "allow", "-1", 0, 0),
      entry(20, "allow", "6", 22, 22),
      entry(30, "allow", "6", 22, 22, { CidrBlock: null, Ipv6CidrBlock: "::/0" }),
    ),
    [
      "low acl-1/ingress/20 <- acl-1/ingress/10: allow 20 changes nothing: 10 already decides the same for all of its traffic",
    ],
  ],
  [
    "nacl-return-range",
    "none at all, for TCP and for UDP",
    acl(entry(100, "allow", "6", 443, 443), entry(110, "allow", "17", 53, 53)),
    [
      "high acl-1/ingress/100 <- acl-1/egress/*: ingress 100 lets tcp connections begin, but egress * denies replies to ephemeral ports 32768-65535",
      "medium acl-1/ingress/110 <- acl-1/egress/*: ingress 110 lets udp connections begin, but egress * denies replies to ephemeral ports 32768-65535",
    ],
  ],
  [
    "nacl-return-range",
    "too short for some clients, and for part of the addresses",
    acl(
      entry(100, "allow", "6", 443, 443),
      entry(100, "allow", "6", 32768, 65535, out),
      entry(200, "allow", "6", 25, 25, { ...out, CidrBlock: "10.0.0.0/8" }),
      entry(50, "deny", "-1", 0, 0, { CidrBlock: "10.9.0.0/16" }),
      replies,
    ),
    [
      "low acl-1/ingress/100 <- acl-1/egress/*: ingress 100 lets tcp connections begin, but egress * denies replies to ephemeral ports 1024-32767 (NAT gateways, load balancers, Lambda)",
      "low acl-1/egress/200 <- acl-1/ingress/50: egress 200 lets tcp connections begin, but ingress 50 denies replies to ephemeral ports 32768-65535 for part of its addresses",
    ],
  ],
  ["nacl-return-range", "ranges made for replies need none", acl(replies), []],
  [
    "nacl-unattached",
    "no subnet",
    {
      acl: {
        NetworkAcls: [
          { NetworkAclId: "acl-1" },
          { NetworkAclId: "acl-2", IsDefault: true },
          { NetworkAclId: "acl-3", Associations: [{ SubnetId: "subnet-1" }] },
        ],
      },
    },
    ["info acl-1: the network ACL has no subnet"],
  ],
  [
    "sg-rule-duplicate",
    "two ids for one thing: the later one goes",
    {
      rules: {
        SecurityGroupRules: ["tcp", "6"].map((IpProtocol, index) => ({
          SecurityGroupRuleId: `sgr-${index}`,
          GroupId: "sg-1",
          IsEgress: false,
          IpProtocol,
          FromPort: 22,
          ToPort: 22,
          CidrIpv4: "10.0.0.0/8",
        })),
      },
    },
    ["low sgr-1 <- sgr-0: the ingress rule for 10.0.0.0/8 allows exactly what sgr-0 allows"],
  ],
  [
    "sg-rule-implied",
    "one by a wider one, one by two others together",
    model([
      group("sg-1", [
        tcp(22, "10.1.0.0/16", "10.0.0.0/9", "10.128.0.0/9", "10.64.0.0/10"),
        { ...tcp(80, "192.0.2.0/24"), ToPort: 90 },
        tcp(85, "192.0.2.7/32"),
      ]),
    ]),
    [
      "low sg-1/ingress/tcp/85/192.0.2.7/32 <- sg-1/ingress/tcp/80-90/192.0.2.0/24: the ingress rule for 192.0.2.7/32 is implied by sg-1/ingress/tcp/80-90/192.0.2.0/24",
      "low sg-1/ingress/tcp/22/10.1.0.0/16 <- sg-1/ingress/tcp/22/10.0.0.0/9: the ingress rule for 10.1.0.0/16 is implied by sg-1/ingress/tcp/22/10.0.0.0/9",
      "low sg-1/ingress/tcp/22/10.64.0.0/10 <- sg-1/ingress/tcp/22/10.0.0.0/9: the ingress rule for 10.64.0.0/10 is implied by sg-1/ingress/tcp/22/10.0.0.0/9",
    ],
  ],
  [
    "sg-rule-implied-across-groups",
    "only when every interface with the group has the other one too",
    model(
      [
        group("sg-1", [tcp(443, "10.1.0.0/16")]),
        group("sg-2", [tcp(443, "10.0.0.0/8")]),
        group("sg-3", [tcp(443, "10.2.0.0/16")]),
      ],
      [eni("eni-1", ["sg-1", "sg-2"]), eni("eni-2", ["sg-2", "sg-3"]), eni("eni-3", ["sg-3"])],
    ),
    [
      "low sg-1/ingress/tcp/443/10.1.0.0/16 <- sg-2/ingress/tcp/443/10.0.0.0/8: the ingress rule for 10.1.0.0/16 is implied on every interface by sg-2/ingress/tcp/443/10.0.0.0/8",
    ],
  ],
  [
    "sg-rule-implied-today",
    "a group whose members a block holds",
    model(
      [
        group("sg-1", [
          tcp(443, "10.0.0.0/24"),
          { ...tcp(443), UserIdGroupPairs: [{ GroupId: "sg-2" }, { GroupId: "sg-3" }] },
        ]),
        group("sg-2", []),
        group("sg-3", []),
      ],
      [eni("eni-1", ["sg-1"]), eni("eni-2", ["sg-2"], "10.0.0.7"), eni("eni-3", ["sg-3"], "10.0.1.7")],
    ),
    [
      "info sg-1/ingress/tcp/443/sg-2 <- sg-1/ingress/tcp/443/10.0.0.0/24: the ingress rule for sg-2 is implied, with today's members and entries, by sg-1/ingress/tcp/443/10.0.0.0/24",
    ],
  ],
  [
    "sg-unattached",
    "with who refers to it; default groups may be idle",
    model(
      [
        group("sg-1", [{ ...tcp(1), UserIdGroupPairs: [{ GroupId: "sg-2" }] }]),
        group("sg-2", []),
        group("sg-0", [], { GroupName: "default" }),
      ],
      [eni("eni-1", ["sg-1"])],
    ),
    ["low sg-2 <- sg-1/ingress/tcp/1/sg-2: the group sg-2 is on no interface, but 1 rule refers to it"],
  ],
  ["sg-unattached", "unknown without interfaces", model([group("sg-1", [])]), []],
  [
    "sg-default-in-use",
    "",
    model(
      [group("sg-0", [], { GroupName: "default" })],
      ["eni-1", "eni-2", "eni-3", "eni-4"].map((id) => eni(id, ["sg-0"])),
    ),
    ["medium sg-0: the default group is on 4 interfaces: eni-1, eni-2, eni-3 and 1 more"],
  ],
  [
    "dangling-reference",
    "groups, prefix lists, peerings and interfaces",
    model(
      [
        group(
          "sg-1",
          [
            {
              ...tcp(1),
              PrefixListIds: ["pl-gone", "pl-empty", "pl-none", "pl-1"].map((PrefixListId) => ({ PrefixListId })),
              UserIdGroupPairs: [
                { GroupId: "sg-1", UserId: "1" },
                { GroupId: "sg-8", UserId: "1" },
                { GroupId: "sg-9", UserId: "2" },
                { GroupId: "sg-1", VpcPeeringConnectionId: "pcx-1", PeeringStatus: "deleted" },
              ],
            },
          ],
          { OwnerId: "1" },
        ),
      ],
      [eni("eni-1", ["sg-7"])],
      { pl: { PrefixLists: [{ PrefixListId: "pl-empty" }], "pl-none": [], "pl-1": [{ Cidr: "10.0.0.0/8" }] } },
    ),
    [
      "medium sg-1/ingress/tcp/1/pl-gone: pl-gone is not in the model",
      "medium sg-1/ingress/tcp/1/pl-empty: pl-empty has no entries in the model",
      "medium sg-1/ingress/tcp/1/sg-8: sg-8 is not in the model: deleted, or of another region or VPC",
      "medium eni-1: the interface carries sg-7, which is not in the model",
      "low sg-1/ingress/tcp/1/pl-none: pl-none is empty, the rule matches nothing",
      "info sg-1/ingress/tcp/1/sg-9: sg-9 belongs to account 2 and is not in the model",
    ],
  ],
  [
    "admin-port-open",
    "by one rule, by two that divide the world up, to IPv6; not to a part",
    model(
      [
        group("sg-1", [
          tcp(22, "0.0.0.0/0"),
          tcp(443, "0.0.0.0/0"),
          tcp(3389, "0.0.0.0/1", "128.0.0.0/1"),
          tcp(3306, "0.0.0.0/1"),
          tcp(5432, "::/0"),
        ]),
        group("sg-2", [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }]),
      ],
      [eni("eni-1", ["sg-1"])],
    ),
    [
      "high sg-1/ingress/tcp/22/0.0.0.0/0: SSH (22) open to 0.0.0.0/0 on 1 interface",
      "high sg-1/ingress/tcp/3389/0.0.0.0/1 sg-1/ingress/tcp/3389/128.0.0.0/1: RDP (3389) open to 0.0.0.0/0 on 1 interface",
      "high sg-1/ingress/tcp/5432/::/0: PostgreSQL (5432) open to ::/0 on 1 interface",
      "medium sg-2/ingress/all/all/0.0.0.0/0: SSH (22), Telnet (23), RPC (111), MS RPC (135), NetBIOS (139), SMB (445) and 21 more open to 0.0.0.0/0 on 0 interfaces",
    ],
  ],
  [
    "wide-port-range",
    "more than a hundred ports, not from the group itself",
    model([
      group("sg-1", [
        { ...tcp(8000, "10.0.0.0/8"), ToPort: 8099 },
        { ...tcp(9000, "10.0.0.0/8"), ToPort: 9100 },
        { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }], UserIdGroupPairs: [{ GroupId: "sg-1" }] },
        { IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
      ]),
    ]),
    [
      "high sg-1/ingress/all/all/0.0.0.0/0: all traffic from 0.0.0.0/0",
      "low sg-1/ingress/tcp/9000-9100/10.0.0.0/8: tcp 9000-9100 from 10.0.0.0/8: 101 ports",
    ],
  ],
  [
    "cidr-out-of-reach",
    "private, in no range and on no route that stays off the internet",
    model(
      [
        group(
          "sg-1",
          [tcp(22, "10.0.5.0/24", "10.7.0.0/16", "172.16.0.0/16", "192.168.0.0/24", "203.0.113.0/24", "10.0.0.0/8")],
          { VpcId: "vpc-1" },
        ),
      ],
      [],
      {
        vpc: { Vpcs: [{ VpcId: "vpc-1", CidrBlock: "10.0.0.0/16" }] },
        rtb: {
          RouteTables: [
            {
              RouteTableId: "rtb-1",
              VpcId: "vpc-1",
              Routes: [
                { DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: "nat-1" },
                { DestinationCidrBlock: "172.16.0.0/12", TransitGatewayId: "tgw-1" },
                { DestinationPrefixListId: "pl-1", GatewayId: "vgw-1" },
              ],
            },
          ],
        },
        pl: { "pl-1": [{ Cidr: "192.168.0.0/16" }] },
      },
    ),
    ["low sg-1/ingress/tcp/22/10.7.0.0/16: 10.7.0.0/16 is private, and no range and no route of vpc-1 leads to it"],
  ],
  [
    "missing-description",
    "groups and rules, not AWS's own",
    model([
      group("sg-1", [{ ...tcp(1), IpRanges: [{ CidrIp: "10.0.0.0/8" }] }, tcp(2, "10.0.0.0/8")], {
        Description: "Managed by Terraform",
        IpPermissionsEgress: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
      }),
      group("sg-0", [{ ...tcp(1), IpRanges: [{ CidrIp: "10.0.0.0/8" }] }], { GroupName: "default" }),
    ]),
    [
      "info sg-1: the group has no description of its own",
      "info sg-1/ingress/tcp/1/10.0.0.0/8: 1 of 3 rules have no description",
    ],
  ],
])("%s: %s", async (check, _, files, expected) => {
  expect(await findings(check, files)).toEqual(expected);
});

test("lint finds the faults that production-vpc was made with", async () => {
  interface Planted {
    kind: string;
    rules?: string[];
    covered_by?: string[];
    groups?: string[];
    entries?: string[];
  }
  const { planted } = JSON.parse(read("test/captures/production-vpc/design.json")) as { planted: Planted[] };
  const found = lintModel(await loadModel(sample("production-vpc/config")));
  const about = (check: RegExp): string[] =>
    found.filter((one) => check.test(one.check)).flatMap((one) => [one.subjectId, ...one.ruleIds]);
  for (const { kind, rules = [], covered_by = [], groups = [], entries = [] } of planted) {
    if (kind === "wide-range") expect(about(/wide-port-range/)).toEqual(expect.arrayContaining(rules));
    if (kind === "redundant") {
      // Where either rule covers the other, one of the two is named.
      const implied = about(/sg-rule-(implied|duplicate)/);
      expect(
        [...rules, ...covered_by].some((id) => implied.includes(id)),
        rules.join(" "),
      ).toBe(true);
    }
    if (kind === "shadowed-nacl") {
      expect(about(/nacl-entry/)).toEqual(expect.arrayContaining(entries.map((one) => one.replaceAll("|", "/"))));
    }
    if (kind === "unattached-group") {
      const idle = groups.filter((id) => id !== "sg-0e1b1de9b978b96fa");
      expect(about(/sg-unattached/)).toEqual(expect.arrayContaining(idle));
    }
  }
});
