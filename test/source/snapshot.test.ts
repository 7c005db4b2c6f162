import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  configurationOf,
  jsonOf,
  type SendPage,
  SNAPSHOT_ACTIONS,
  snapshotName,
  writeSnapshot,
} from "../../src/source/snapshot.ts";

/** Answers each call from its list, `pages` items at a time, and writes down what was asked. */
function fakeEc2(lists: Record<string, { key: string; items: object[] }>, perPage = 2) {
  const asked: { action: string; MaxResults?: unknown }[] = [];
  const send: SendPage = async (action, input) => {
    asked.push({ action, ...input });
    const { key, items } = lists[action] ?? { key: "none", items: [] };
    const start = Number(input.NextToken ?? 0);
    const more = start + perPage < items.length;
    return { [key]: items.slice(start, start + perPage), ...(more && { NextToken: String(start + perPage) }) };
  };
  return { send, asked };
}

describe("reading", () => {
  it("asks for all pages of everything, sorted by id, and for the entries of each prefix list", async () => {
    const { send, asked } = fakeEc2({
      DescribeVpcs: { key: "Vpcs", items: ["vpc-c", "vpc-a", "vpc-e", "vpc-b", "vpc-d"].map((VpcId) => ({ VpcId })) },
      DescribeManagedPrefixLists: { key: "PrefixLists", items: [{ PrefixListId: "pl-1" }, { PrefixListId: "pl-2" }] },
      GetManagedPrefixListEntries: {
        key: "Entries",
        items: ["10.2.0.0/16", "10.1.0.0/16", "10.3.0.0/16"].map((Cidr) => ({ Cidr })),
      },
    });
    const files = await configurationOf("us-east-1", send);
    expect([...files.keys()].sort()).toEqual(
      [
        "flow-logs",
        "managed-prefix-lists",
        "network-acls",
        "network-interfaces",
        "pl-1",
        "pl-2",
        "route-tables",
        "security-group-rules",
        "security-groups",
        "subnets",
        "vpc-peering-connections",
        "vpcs",
      ].map((name) => `us-east-1/${name}.json`),
    );
    expect(files.get("us-east-1/vpcs.json")).toEqual({
      Vpcs: ["a", "b", "c", "d", "e"].map((c) => ({ VpcId: `vpc-${c}` })),
    });
    expect(files.get("us-east-1/pl-2.json")).toEqual({
      PrefixListId: "pl-2",
      Entries: [{ Cidr: "10.1.0.0/16" }, { Cidr: "10.2.0.0/16" }, { Cidr: "10.3.0.0/16" }],
    });
    expect(new Set(asked.map(({ action }) => `ec2:${action}`))).toEqual(new Set(SNAPSHOT_ACTIONS));
    expect(asked.filter(({ action }) => action === "DescribeVpcs")).toHaveLength(3);
    expect(asked.every(({ MaxResults }) => MaxResults === 100 || MaxResults === 1000)).toBe(true);
  });
});

describe("writing", () => {
  const time = new Date("2026-11-01T00:00:00Z");
  let out: string;
  beforeEach(() => (out = join(mkdtempSync(join(tmpdir(), "flowreplay-snapshot-")), "model")));
  afterEach(() => rmSync(join(out, ".."), { recursive: true, force: true }));

  it("writes a folder named by time", async () => {
    expect(snapshotName(time)).toBe("2026-11-01T00-00-00Z");
    const path = await writeSnapshot(out, time, new Map([["us-east-1/vpcs.json", { Vpcs: [] }]]));
    expect(path).toBe(join(out, "2026-11-01T00-00-00Z"));
    expect(readFileSync(join(path, "us-east-1/vpcs.json"), "utf8")).toBe('{\n  "Vpcs": []\n}\n');
    expect(readdirSync(out)).toEqual(["2026-11-01T00-00-00Z"]);
  });

  it("prints sorted keys and ISO times", () => {
    const value = { b: [{ z: new Date("2024-11-04T08:12:31Z"), a: new Date(1) }], a: null, none: undefined };
    expect(jsonOf(value).replaceAll(/\s/g, "")).toBe(
      '{"a":null,"b":[{"a":"1970-01-01T00:00:00.001+00:00","z":"2024-11-04T08:12:31+00:00"}]}',
    );
  });

  it("leaves an older snapshot as it is, and nothing of its own beside it", async () => {
    mkdirSync(join(out, "2026-11-01T00-00-00Z"), { recursive: true });
    writeFileSync(join(out, "2026-11-01T00-00-00Z", "x"), "");
    await expect(writeSnapshot(out, time, new Map([["x.json", {}]]))).rejects.toThrow(
      "2026-11-01T00-00-00Z: it exists",
    );
    expect(readdirSync(out)).toEqual(["2026-11-01T00-00-00Z"]);
  });

  it("leaves nothing behind when a file cannot be written", async () => {
    const files = new Map<string, unknown>([
      ["a.json", {}],
      ["a.json/b.json", {}],
    ]);
    await expect(writeSnapshot(out, time, files)).rejects.toThrow("cannot write the snapshot");
    expect(readdirSync(join(out, ".."))).toEqual([]);
  });
});
