import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { parseEdit } from "../../src/model/edit.ts";
import { loadModel } from "../../src/model/load.ts";
import { withFolder } from "../helpers/folder.ts";
import { writeModel } from "./model-folder.ts";

const MODEL = {
  NetworkInterfaces: [
    {
      NetworkInterfaceId: "eni-1",
      Groups: [{ GroupId: "sg-1" }],
      PrivateIpAddresses: [{ PrivateIpAddress: "10.0.0.1", Primary: true, Association: { PublicIp: "192.0.2.1" } }],
      Ipv6Addresses: [{ Ipv6Address: "2001:db8::1" }],
      Ipv4Prefixes: [{ Ipv4Prefix: "10.0.0.16/28" }],
      TagSet: [{ Key: "Name", Value: "x" }],
    },
  ],
  SecurityGroups: [
    {
      GroupId: "sg-1",
      IpPermissions: [
        {
          IpProtocol: "tcp",
          FromPort: 1,
          ToPort: 2,
          IpRanges: [{ CidrIp: "10.0.0.0/8" }],
          UserIdGroupPairs: [{ GroupId: "sg-1" }],
        },
      ],
    },
  ],
  SecurityGroupRules: [
    { SecurityGroupRuleId: "sgr-1", GroupId: "sg-1", IsEgress: true, IpProtocol: "-1", CidrIpv6: "::/0" },
  ],
  NetworkAcls: [
    {
      NetworkAclId: "acl-1",
      Associations: [{ SubnetId: "subnet-1" }],
      Entries: [
        {
          RuleNumber: 1,
          Egress: true,
          RuleAction: "deny",
          Protocol: "1",
          CidrBlock: "10.0.0.0/8",
          IcmpTypeCode: { Type: 8, Code: 0 },
        },
      ],
    },
  ],
  Subnets: [
    {
      SubnetId: "subnet-1",
      CidrBlock: "10.0.0.0/24",
      Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: "2001:db8::/64" }],
    },
  ],
  RouteTables: [
    {
      RouteTableId: "rtb-1",
      Associations: [{ SubnetId: "subnet-1" }],
      Routes: [{ DestinationCidrBlock: "0.0.0.0/0" }],
    },
  ],
  PrefixListId: "pl-1",
  Entries: [{ Cidr: "10.0.0.0/8" }],
};

/** Every place in the model that can be replaced. */
function places(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

function replaceAt(value: unknown, path: readonly string[], by: unknown): unknown {
  if (path.length === 0) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[path[0]] = replaceAt(copy[path[0]], path.slice(1), by);
  return copy;
}

test("property: with any value anywhere, the model loads or one line says why not", async () => {
  const folder = await writeModel({});
  const file = join(folder, "model.json");
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(1e308, -1, 1.5, "", "__proto__", "\u001b[31m\n", "a".repeat(1e5), [[[]]], { length: 1e9 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places(MODEL)), odd, async (path, value) => {
      await writeFile(file, JSON.stringify(replaceAt(MODEL, path, value)));
      try {
        const { snapshots, notes } = await loadModel(folder);
        expect(snapshots).toHaveLength(1);
        expect(notes.join("")).not.toMatch(/\p{Cc}/u);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe("E_MODEL");
        expect(error.message).not.toMatch(/\p{Cc}/u);
        expect(error.message.length).toBeLessThan(400);
      }
    }),
    { numRuns: 2000 },
  );
});

test("keys such as __proto__ are data", async () => {
  const text =
    '{"__proto__": {"x": 1}, "constructor": [], "NetworkInterfaces": [{"__proto__": {"polluted": 1}, "NetworkInterfaceId": "__proto__"}]}';
  const { snapshots } = await loadModel(await writeModel({ "a.json": text }));
  expect([...snapshots[0].interfaces.keys()]).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

const DEEP_STATE = '"format_version":"1.0","values":{"root_module":';

test.each([
  ["a value", '"NetworkInterfaces":[{"NetworkInterfaceId":', "[", "]", "}]"],
  ["an interface", '"NetworkInterfaces":[', '{"a":', "}", "]"],
  ["an answer", '"status_code":200,"data":', '{"status_code":200,"data":', "}", ""],
  ["modules of Terraform", DEEP_STATE, '{"child_modules":[', "]}", "}"],
])("%s nested a hundred thousand deep is refused in one line", async (_, before, open, close, after) => {
  await withFolder(async (folder) => {
    const deep = `{${before}${open.repeat(1e5)}1${close.repeat(1e5)}${after}}`;
    await writeFile(join(folder, "deep.json"), deep);
    await expect(loadModel(folder)).rejects.toThrow(/deep\.json: JSON that is nested too deep/);
  });
});

test("an edit nested a hundred thousand deep is refused in one line", () => {
  const deep = JSON.parse(`{"remove":${"[".repeat(1e5)}${"]".repeat(1e5)}}`) as unknown;
  expect(() => parseEdit(deep, "edit.json")).toThrow(/^edit\.json: \/remove.*\[…\]$/);
});
