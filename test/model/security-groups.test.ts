import { describe, expect, test } from "vitest";
import { formatPeer } from "../../src/model/security-group-rules.ts";
import { failure, load, notes, snapshot } from "./model-folder.ts";

const eni = { NetworkInterfaces: [{ NetworkInterfaceId: "eni-1" }] };
const group = (permissions: unknown[], egress: unknown[] = []): object => ({
  GroupId: "sg-1",
  GroupName: "web",
  IpPermissions: permissions,
  IpPermissionsEgress: egress,
});
const world = { IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const stated = (id: string, extra: object): object => ({
  SecurityGroupRuleId: id,
  GroupId: "sg-1",
  IsEgress: false,
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  CidrIpv4: "0.0.0.0/0",
  ...extra,
});

describe("what a permission matches", () => {
  test.each([
    [{ IpProtocol: "-1" }, "all/all", -1, null, null],
    [{ IpProtocol: "-1", FromPort: 22, ToPort: 22 }, "all/all", -1, null, null],
    [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443 }, "tcp/443", 6, { from: 443, to: 443 }, null],
    [{ IpProtocol: "6", FromPort: 443, ToPort: 445 }, "tcp/443-445", 6, { from: 443, to: 445 }, null],
    [{ IpProtocol: "udp", FromPort: 0, ToPort: 65535 }, "udp/all", 17, null, null],
    [{ IpProtocol: "udp", FromPort: 0, ToPort: 0 }, "udp/0", 17, { from: 0, to: 0 }, null],
    [{ IpProtocol: "tcp" }, "tcp/all", 6, null, null],
    [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1 }, "icmp/all", 1, null, null],
    [{ IpProtocol: "icmp", FromPort: -1, ToPort: 4 }, "icmp/all", 1, null, null],
    [{ IpProtocol: "icmp", FromPort: 3, ToPort: 4 }, "icmp/3-4", 1, null, { type: 3, code: 4 }],
    [{ IpProtocol: "icmp", FromPort: 8, ToPort: -1 }, "icmp/8", 1, null, { type: 8, code: -1 }],
    [{ IpProtocol: "icmpv6" }, "icmpv6/all", 58, null, null],
    [{ IpProtocol: "58", FromPort: 128, ToPort: 0 }, "icmpv6/128-0", 58, null, { type: 128, code: 0 }],
    [{ IpProtocol: "50", FromPort: 1, ToPort: 2 }, "esp/all", 50, null, null],
    [{ IpProtocol: "253" }, "253/all", 253, null, null],
  ])("%j is %s", async (permission, what, protocol, ports, icmp) => {
    const model = await snapshot({ eni, sg: { SecurityGroups: [group([{ ...permission, ...world }])] } });
    const [rule] = model.securityGroups.get("sg-1")!.rules;
    expect(rule).toMatchObject({ id: `sg-1/ingress/${what}/0.0.0.0/0`, protocol, ports, icmp });
  });

  test.each([
    [{ IpProtocol: "tcp", FromPort: 80 }, "not a port range: 80 to nothing"],
    [{ IpProtocol: "tcp", FromPort: 80, ToPort: 65536 }, "not a port range: 80 to 65536"],
    [{ IpProtocol: "icmp", FromPort: 256, ToPort: 0 }, "not an ICMP type and code: 256, 0"],
  ])("%j is refused", async (permission, problem) => {
    const message = await failure({ eni, "sg.json": { SecurityGroups: [group([{ ...permission, ...world }])] } });
    expect(message).toBe(`./sg.json: /SecurityGroups/0/IpPermissions/0: ${problem}`);
  });
});

test("each range, list and group of a permission makes one rule", async () => {
  const peers = {
    IpProtocol: "tcp",
    FromPort: 22,
    ToPort: 22,
    IpRanges: [{ CidrIp: "192.0.2.0/24", Description: "office" }, { CidrIp: "198.51.100.7/32" }],
    Ipv6Ranges: [{ CidrIpv6: "2001:DB8::/32" }],
    PrefixListIds: [{ PrefixListId: "pl-1" }],
    UserIdGroupPairs: [
      { GroupId: "sg-1", UserId: "111111111111" },
      { GroupId: "sg-9", UserId: "222222222222", VpcPeeringConnectionId: "pcx-1" },
      { GroupId: "sg-8", PeeringStatus: "deleted", VpcPeeringConnectionId: "pcx-2" },
      { GroupName: "amazon-elb-sg", UserId: "amazon-elb" },
    ],
  };
  const model = await snapshot({
    eni,
    sg: { SecurityGroups: [group([peers], [{ IpProtocol: "-1", ...world }])] },
    pcx: { VpcPeeringConnections: [{ VpcPeeringConnectionId: "pcx-1", Status: { Code: "active" } }] },
  });
  const { rules } = model.securityGroups.get("sg-1")!;
  expect(rules.map((rule) => rule.id)).toEqual([
    "sg-1/ingress/tcp/22/192.0.2.0/24",
    "sg-1/ingress/tcp/22/198.51.100.7/32",
    "sg-1/ingress/tcp/22/2001:db8::/32",
    "sg-1/ingress/tcp/22/pl-1",
    "sg-1/ingress/tcp/22/sg-1",
    "sg-1/ingress/tcp/22/sg-9",
    "sg-1/ingress/tcp/22/sg-8",
    "sg-1/ingress/tcp/22/amazon-elb-sg",
    "sg-1/egress/all/all/0.0.0.0/0",
  ]);
  expect(rules[0]).toMatchObject({
    description: "office",
    origin: { pointer: "/SecurityGroups/0/IpPermissions/0/IpRanges/0" },
  });
  expect(rules.slice(4, 7).map(({ peer }) => peer)).toEqual([
    { kind: "group", id: "sg-1", userId: "111111111111", peeringId: null, peeringStatus: null },
    { kind: "group", id: "sg-9", userId: "222222222222", peeringId: "pcx-1", peeringStatus: "active" },
    { kind: "group", id: "sg-8", userId: null, peeringId: "pcx-2", peeringStatus: "deleted" },
  ]);
});

test("describe-security-group-rules gives the ids, and a rule in only one of the two answers is kept with a note", async () => {
  const permissions = [
    { IpProtocol: "tcp", FromPort: 443, ToPort: 443, ...world },
    { IpProtocol: "icmp", FromPort: 8, ToPort: -1, ...world },
    { IpProtocol: "udp", FromPort: 53, ToPort: 53, UserIdGroupPairs: [{ GroupId: "sg-2" }] },
  ];
  const files = {
    eni,
    "sg.json": { SecurityGroups: [group(permissions)] },
    "rules.json": {
      SecurityGroupRules: [
        stated("sgr-1", { Description: "https" }),
        stated("sgr-2", { IpProtocol: "icmp", FromPort: 8, ToPort: -1 }),
        stated("sgr-3", {
          IpProtocol: "-1",
          FromPort: -1,
          ToPort: -1,
          CidrIpv4: null,
          PrefixListId: "pl-1",
          IsEgress: true,
        }),
        stated("sgr-4", { GroupId: "sg-7", CidrIpv4: null, ReferencedGroupInfo: { GroupId: "sg-1", UserId: "1" } }),
      ],
    },
  };
  const { snapshots } = await load(files);
  const rules = [...snapshots[0].securityGroups.values()].flatMap((one) => one.rules);
  expect(rules.map((rule) => `${rule.id} ${rule.direction} ${formatPeer(rule.peer)}`)).toEqual([
    "sgr-1 ingress 0.0.0.0/0",
    "sgr-2 ingress 0.0.0.0/0",
    "sgr-3 egress pl-1",
    "sg-1/ingress/udp/53/sg-2 ingress sg-2",
    "sgr-4 ingress sg-1",
  ]);
  expect(rules[0].description).toBe("https");
  expect(await notes(files)).toEqual([
    "only in describe-security-groups, kept under a readable id: sg-1/ingress/udp/53/sg-2",
    "only in describe-security-group-rules, kept: sgr-3",
    "security group known only by its rules: sg-7",
  ]);
});

test("a rule that occurs twice in a group is kept once", async () => {
  const permission = { IpProtocol: "tcp", FromPort: 80, ToPort: 80, ...world };
  const files = { eni, "sg.json": { SecurityGroups: [group([permission, permission])] } };
  expect((await snapshot(files)).securityGroups.get("sg-1")!.rules).toHaveLength(1);
  expect(await notes(files)).toEqual([
    "stated twice in one group, kept once: ./sg.json: /SecurityGroups/0/IpPermissions/1/IpRanges/0",
  ]);
});
