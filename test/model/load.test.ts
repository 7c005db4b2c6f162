import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../src/model/load.ts";
import { formatAddress, formatPrefix } from "../../src/net/address.ts";
import { failure, type Files, load, notes, snapshot, writeModel } from "./model-folder.ts";

const eni = { NetworkInterfaceId: "eni-1", VpcId: "vpc-1", SubnetId: "subnet-1", PrivateIpAddress: "10.0.0.5" };
const enis = { "eni.json": { NetworkInterfaces: [eni] } };
const acls = { "acl.json": { NetworkAcls: [{ NetworkAclId: "acl-1", VpcId: "vpc-1", IsDefault: true }] } };
const minimal = { ...enis, ...acls };
const permission = { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
const groups = (...permissions: unknown[]): Files => ({
  "sg.json": { SecurityGroups: [{ GroupId: "sg-1", IpPermissions: permissions }] },
});

describe("interfaces", () => {
  test("an interface has its addresses in order, its prefixes, each public address once, and tags of any name", async () => {
    const one = {
      ...eni,
      PrivateIpAddresses: [
        { PrivateIpAddress: "10.0.0.9", Primary: false },
        { PrivateIpAddress: "10.0.0.5", Primary: true, Association: { PublicIp: "203.0.113.7" } },
      ],
      Association: { PublicIp: "203.0.113.7" },
      Ipv6Addresses: [{ Ipv6Address: "2001:DB8::1" }],
      Ipv4Prefixes: [{ Ipv4Prefix: "10.0.1.16/28" }],
      Ipv6Prefixes: [{ Ipv6Prefix: "2001:db8:1::/80" }],
      Groups: [{ GroupId: "sg-1", GroupName: "web" }],
      ConnectionTrackingConfiguration: { TcpEstablishedTimeout: 350 },
      Attachment: { InstanceId: "i-1" },
    };
    const tags = '"TagSet":[{"Key":"__proto__","Value":"x"},{"Key":"constructor"}]';
    const text = `{"NetworkInterfaces":[${JSON.stringify(one).slice(0, -1)},${tags}}]}`;
    const read = (await snapshot({ ...acls, "eni.json": text })).interfaces.get("eni-1")!;
    expect(read.addresses.map(formatAddress)).toEqual(["10.0.0.5", "10.0.0.9", "2001:db8::1"]);
    expect(read.prefixes.map(formatPrefix)).toEqual(["10.0.1.16/28", "2001:db8:1::/80"]);
    expect(read.publicAddresses.map(formatAddress)).toEqual(["203.0.113.7"]);
    expect(Object.entries(read.tags)).toEqual([
      ["__proto__", "x"],
      ["constructor", ""],
    ]);
    expect(read.tracking).toEqual({ tcpEstablished: 350, udpStream: null, udpSingle: null });
    expect([read.groupIds, read.instanceId, read.type]).toEqual([["sg-1"], "i-1", "interface"]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe("files", () => {
  test("pages, a combined file, nested folders, no extension, UTF-16 and a byte order mark are read", async () => {
    const page = (id: string): unknown => ({ NetworkInterfaces: [{ NetworkInterfaceId: id }] });
    const model = await snapshot({
      "a.json": page("eni-1"),
      "deep/er/b.json": page("eni-2"),
      plain: page("eni-3"),
      "power.json": Buffer.from(`\uFEFF${JSON.stringify(page("eni-4"))}`, "utf16le"),
      "bom.json": `\uFEFF${JSON.stringify(page("eni-5"))}`,
      "wrapped.json": { status_code: 200, data: page("eni-6") },
      "list.json": [page("eni-7"), page("eni-8")],
      ...acls,
    });
    expect([...model.interfaces.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => `eni-${n}`));
    expect(model.interfaces.get("eni-6")?.origin.pointer).toBe("/data/NetworkInterfaces/0");
  });

  test("a single file is a model", async () => {
    const folder = await writeModel(enis);
    expect((await loadModel(join(folder, "eni.json"))).snapshots[0].interfaces.size).toBe(1);
  });

  test("folders named by time are a history, in order of time", async () => {
    const at = (id: string): unknown => ({ NetworkInterfaces: [{ NetworkInterfaceId: id }] });
    const model = await load({
      "2026-11-02T00-00-00Z/e.json": at("eni-2"),
      "2026-11-01T10:30:00Z/x/e.json": at("eni-1"),
      "2026-11-03/e.json": at("eni-3"),
      "stray.json": at("eni-4"),
    });
    expect(model.snapshots.map(({ since, interfaces }) => [since, ...interfaces.keys()])).toEqual([
      [Date.UTC(2026, 10, 1, 10, 30) / 1000, "eni-1"],
      [Date.UTC(2026, 10, 2) / 1000, "eni-2"],
      [Date.UTC(2026, 10, 3) / 1000, "eni-3"],
    ]);
    expect(model.notes[0]).toMatch(/^outside the folders named by time, set aside: .*stray\.json$/);
  });

  test("what is set aside is noted", async () => {
    expect(
      await notes({
        ...minimal,
        "README.md": "# model",
        "unknown.json": { Buckets: [] },
        "page.json": { Subnets: [], NextToken: "x" },
        "flow-logs.json": { FlowLogs: [{}] },
        "entries.json": { Entries: [{ Cidr: "10.0.0.0/8" }] },
        "vpc.json": { Vpcs: [{ VpcId: "vpc-1", CidrBlock: "10.0.0.1/16" }] },
        "eni2.json": {
          NetworkInterfaces: [
            eni,
            { ...eni, Description: "other" },
            { NetworkInterfaceId: "eni-2", SubnetId: "subnet-2" },
          ],
        },
      }),
    ).toEqual([
      "not JSON, set aside: ./README.md",
      "defined twice, the last one counts: eni-1 (./eni2.json: /NetworkInterfaces/0, ./eni2.json: /NetworkInterfaces/1)",
      "prefix list entries without an id, set aside (name the file pl-….json): ./entries.json",
      "only one page of an answer (NextToken), the rest is missing: ./page.json",
      "JSON of another kind, set aside: ./unknown.json",
      'CIDR with host bits, read as the network it lies in: ./vpc.json: /Vpcs/0/CidrBlock: "10.0.0.1/16"',
      "subnet without a network ACL in the model: subnet-2",
    ]);
  });
});

describe("errors name file, JSON pointer and value on one line", () => {
  const entry = { RuleNumber: 100, Egress: false, RuleAction: "allow", Protocol: "6", CidrBlock: "0.0.0.0/0" };
  const acl = (...entries: unknown[]): Files => ({
    "acl.json": { NetworkAcls: [{ NetworkAclId: "acl-1", Entries: entries }] },
  });
  test.each<[string, Files, string]>([
    ["an empty folder", {}, ".: no describe-* JSON in it"],
    ["unknown JSON only", { "a.json": { Buckets: [] } }, ".: no describe-* JSON in it"],
    ["truncated JSON", { "a.json": '{\n"Vpcs": [' }, "./a.json: not valid JSON: it ends in the middle of a value"],
    ["broken JSON", { "a.json": '{\n"Vpcs" [' }, "./a.json: not valid JSON (line 2)"],
    ["an object for a list", { "a.json": { Vpcs: {} } }, "./a.json: /Vpcs: expected a list, got {}"],
    ["a missing id", { "a.json": { Vpcs: [{}] } }, "./a.json: /Vpcs/0/VpcId: missing"],
    ["an item that is none", { "a.json": { Vpcs: [null] } }, "./a.json: /Vpcs/0: expected object, got null"],
    [
      "an id with an escape sequence",
      { "a.json": { Vpcs: [{ VpcId: "vpc-\u001b[31m\u009b" }] } },
      './a.json: /Vpcs/0/VpcId: expected an id (text without spaces or control characters), got "vpc-\\u001b[31m\\u009b"',
    ],
    [
      "a port as text",
      groups({ ...permission, FromPort: "443" }),
      './sg.json: /SecurityGroups/0/IpPermissions/0/FromPort: expected a whole number, got "443"',
    ],
    [
      "a huge number",
      groups({ ...permission, ToPort: 1e308 }),
      "./sg.json: /SecurityGroups/0/IpPermissions/0/ToPort: expected a whole number, got 1e+308",
    ],
    [
      "ports the wrong way round",
      groups({ ...permission, ToPort: 80 }),
      "./sg.json: /SecurityGroups/0/IpPermissions/0: not a port range: 443 to 80",
    ],
    [
      "an unknown protocol",
      groups({ ...permission, IpProtocol: "tpc" }),
      './sg.json: /SecurityGroups/0/IpPermissions/0/IpProtocol: not a protocol: "tpc"',
    ],
    [
      "a CIDR that is none",
      groups({ ...permission, IpRanges: [{ CidrIp: "10.0.0.0/33" }] }),
      './sg.json: /SecurityGroups/0/IpPermissions/0/IpRanges/0/CidrIp: not a CIDR block: "10.0.0.0/33"',
    ],
    [
      "an address that is none",
      { "eni.json": { NetworkInterfaces: [{ ...eni, PrivateIpAddress: "10.0.0.256" }] } },
      './eni.json: /NetworkInterfaces/0/PrivateIpAddress: not an IP address: "10.0.0.256"',
    ],
    [
      "a rule number that occurs twice",
      acl(entry, { ...entry, RuleNumber: 110 }, { ...entry, RuleAction: "deny" }),
      "./acl.json: /NetworkAcls/0/Entries/2: rule number 100 occurs twice in the ingress list of acl-1",
    ],
    [
      "a rule number out of range",
      acl({ ...entry, RuleNumber: 0 }),
      "./acl.json: /NetworkAcls/0/Entries/0/RuleNumber: expected number to be >=1, got 0",
    ],
    [
      "an unknown action",
      acl({ ...entry, RuleAction: "drop" }),
      './acl.json: /NetworkAcls/0/Entries/0/RuleAction: expected one of "allow"|"deny", got "drop"',
    ],
    [
      "an entry without a block",
      acl({ ...entry, CidrBlock: null }),
      "./acl.json: /NetworkAcls/0/Entries/0: an entry without a CIDR block",
    ],
    [
      "a rule without a peer",
      {
        "r.json": {
          SecurityGroupRules: [{ SecurityGroupRuleId: "sgr-1", GroupId: "sg-1", IsEgress: true, IpProtocol: "-1" }],
        },
      },
      "./r.json: /SecurityGroupRules/0: a rule without a peer",
    ],
    [
      "a subnet with two network ACLs",
      {
        "a.json": {
          NetworkAcls: ["acl-1", "acl-2"].map((NetworkAclId) => ({
            NetworkAclId,
            Associations: [{ SubnetId: "subnet-1" }],
          })),
        },
      },
      "./a.json: /NetworkAcls/1: subnet-1 is associated with acl-1 and with acl-2",
    ],
    [
      "a folder that names no time",
      { "2026-02-31T00-00-00Z/a.json": {} },
      './2026-02-31T00-00-00Z: not a time: "2026-02-31T00-00-00Z"',
    ],
    [
      "the same time twice",
      { "2026-02-01/a.json": {}, "20260201/a.json": {} },
      ".: two folders name the same time: 2026-02-01, 20260201",
    ],
  ])("%s", async (_, files, message) => {
    expect(await failure(files)).toBe(message);
  });

  test("a path that does not exist is an error with a hint", async () => {
    const path = join(await writeModel({}), "nowhere");
    await expect(loadModel(path)).rejects.toThrow(`${path}: no such file or folder`);
  });

  test("a model without interfaces loads with a note", async () => {
    const folder = await writeModel(groups(permission));
    expect((await loadModel(folder)).notes).toEqual([
      `no network interfaces in the model, every record will be unmodelled: ${folder}`,
    ]);
  });
});
