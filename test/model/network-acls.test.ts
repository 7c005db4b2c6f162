import { expect, test } from "vitest";
import { formatPrefix } from "../../src/net/address.ts";
import { formatIcmp, formatPorts } from "../../src/net/protocols.ts";
import { notes, snapshot } from "./model-folder.ts";

const entry = { RuleNumber: 100, Egress: false, RuleAction: "allow", Protocol: "-1", CidrBlock: "0.0.0.0/0" };

async function entriesOf(...entries: object[]): Promise<string[]> {
  const model = await snapshot({ acl: { NetworkAcls: [{ NetworkAclId: "acl-1", Entries: entries }] } });
  return model.networkAcls
    .get("acl-1")!
    .entries.map((one) =>
      [
        one.id,
        one.number,
        one.action,
        one.protocol,
        formatPorts(one.ports),
        formatIcmp(one.icmp),
        formatPrefix(one.prefix),
      ].join(" "),
    );
}

const INGRESS_DENIES = [
  "acl-1/ingress/* 32767 deny -1 all all 0.0.0.0/0",
  "acl-1/ingress/* 32768 deny -1 all all ::/0",
];
const EGRESS_DENIES = ["acl-1/egress/* 32767 deny -1 all all 0.0.0.0/0", "acl-1/egress/* 32768 deny -1 all all ::/0"];

test("entries are in the order of their numbers, with the default denies", async () => {
  const entries = await entriesOf(
    { ...entry, RuleNumber: 200, RuleAction: "deny", Protocol: "17", PortRange: { From: 53, To: 53 } },
    { ...entry, RuleNumber: 32767, RuleAction: "deny" },
    { ...entry, Egress: true, CidrBlock: undefined, Ipv6CidrBlock: "::/0" },
    { ...entry, Protocol: "tcp", PortRange: { From: 1024, To: 65535 } },
  );
  expect(entries).toEqual([
    "acl-1/ingress/100 100 allow 6 1024-65535 all 0.0.0.0/0",
    "acl-1/ingress/200 200 deny 17 53 all 0.0.0.0/0",
    ...INGRESS_DENIES,
    "acl-1/egress/100 100 allow -1 all all ::/0",
    ...EGRESS_DENIES,
  ]);
});

const v6 = { CidrBlock: undefined, Ipv6CidrBlock: "2001:db8::/32" };
test.each([
  ["all protocols ignore ports", { PortRange: { From: 1, To: 2 } }, "allow -1 all all 0.0.0.0/0"],
  ["TCP without a range", { Protocol: "6" }, "allow 6 all all 0.0.0.0/0"],
  ["TCP 0-65535", { Protocol: "6", PortRange: { From: 0, To: 65535 } }, "allow 6 all all 0.0.0.0/0"],
  ["ICMP type", { Protocol: "1", IcmpTypeCode: { Type: 8, Code: -1 } }, "allow 1 all 8 0.0.0.0/0"],
  ["ICMP, all types", { Protocol: "1", IcmpTypeCode: { Type: -1, Code: -1 } }, "allow 1 all all 0.0.0.0/0"],
  [
    "ICMPv6 type beside IPv6",
    { Protocol: "58", IcmpTypeCode: { Type: 1, Code: 0 }, ...v6 },
    "allow 58 all 1-0 2001:db8::/32",
  ],
  ["ICMPv6 type beside IPv4", { Protocol: "58", IcmpTypeCode: { Type: 1, Code: 0 } }, "allow 58 all all 0.0.0.0/0"],
  ["another protocol", { Protocol: "47", PortRange: { From: 1, To: 2 } }, "allow 47 all all 0.0.0.0/0"],
])("an entry matches as AWS documents it: %s", async (_, extra, expected) => {
  expect((await entriesOf({ ...entry, ...extra }))[0]).toBe(`acl-1/ingress/100 100 ${expected}`);
});

test("one number for both families makes two entries", async () => {
  const acl = { acl: { NetworkAcls: [{ NetworkAclId: "acl-1", Entries: [entry, { ...entry, ...v6 }] }] } };
  const ids = (await snapshot(acl)).networkAcls.get("acl-1")!.entries.map((one) => one.id);
  expect(ids.slice(0, 2)).toEqual(["acl-1/ingress/100", "acl-1/ingress/100/ipv6"]);
  expect((await notes(acl))[0]).toBe(
    "one rule number for IPv4 and IPv6, read as two entries: ./acl: /NetworkAcls/0/Entries/1",
  );
});

test("a subnet that no network ACL names has the default one of its VPC", async () => {
  const model = await snapshot({
    acl: {
      NetworkAcls: [
        { NetworkAclId: "acl-1", VpcId: "vpc-1", IsDefault: true, Associations: [{ SubnetId: "subnet-1" }] },
        { NetworkAclId: "acl-2", VpcId: "vpc-1", Associations: [{ SubnetId: "subnet-2" }] },
        { NetworkAclId: "acl-3", VpcId: "vpc-2", IsDefault: true },
      ],
    },
    subnet: { Subnets: ["subnet-1", "subnet-2", "subnet-3"].map((SubnetId) => ({ SubnetId, VpcId: "vpc-1" })) },
    eni: { NetworkInterfaces: [{ NetworkInterfaceId: "eni-1", SubnetId: "subnet-4", VpcId: "vpc-2" }] },
  });
  expect([...model.networkAcls.values()].map((acl) => [acl.id, ...acl.subnetIds])).toEqual([
    ["acl-1", "subnet-1", "subnet-3"],
    ["acl-2", "subnet-2"],
    ["acl-3", "subnet-4"],
  ]);
});
