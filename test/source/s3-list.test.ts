import { describe, expect, it } from "vitest";
import { objectWindow, timeInName } from "../../src/source/object-name.ts";
import { isOtherService, jumpToWindow, listKeys, type ListPage, spanOfPrefix } from "../../src/source/s3-list.ts";

const at = (iso: string): number => Date.parse(iso) / 1000;

/** A bucket in memory with pages of `pageSize`, which writes down what it was asked. */
function fakeBucket(keys: readonly string[], pageSize = 1000) {
  const asked: string[] = [];
  const sorted = keys.toSorted();
  const list: ListPage = async ({ prefix, delimiter, token }) => {
    asked.push(`${prefix}${delimiter ? " /" : ""}${token ? ` +${token}` : ""}`);
    const names = new Set<string>();
    for (const key of sorted.filter((key) => key.startsWith(prefix))) {
      const cut = delimiter ? key.indexOf("/", prefix.length) : -1;
      names.add(cut < 0 ? key : key.slice(0, cut + 1));
    }
    const start = Number(token ?? 0);
    const page = [...names].slice(start, start + pageSize);
    return {
      objects: page.filter((name) => keys.includes(name)).map((key) => ({ key, size: 1, etag: "e" })),
      prefixes: page.filter((name) => !keys.includes(name)),
      token: start + pageSize < names.size ? String(start + pageSize) : undefined,
    };
  };
  return { list, asked };
}

const key = (region: string, day: string, time: string): string =>
  `logs/AWSLogs/1/vpcflowlogs/${region}/${day}/1_vpcflowlogs_${region}_fl-1_${day.replaceAll("/", "")}T${time}Z_0.log.gz`;

async function listed(bucket: ReturnType<typeof fakeBucket>, prefix: string, range: { from?: number; to?: number }) {
  const keys: string[] = [];
  const { pruned } = await listKeys(bucket.list, prefix, objectWindow(range), (object) => keys.push(object.key));
  return { keys: keys.sort(), pruned, asked: bucket.asked };
}

describe("listing", () => {
  const days = Array.from({ length: 59 }, (_, i) => new Date(Date.UTC(2025, 0, 1 + i)).toISOString().slice(0, 10));
  const keys = ["us-east-1", "eu-west-1"].flatMap((region) =>
    days.map((day) => key(region, day.replaceAll("-", "/"), "1200")),
  );
  const noon = { from: at("2025-02-10T12:00:00Z"), to: at("2025-02-10T12:05:00Z") };

  it("takes one request where a page holds everything", async () => {
    const { keys: got, asked } = await listed(fakeBucket(keys), "", noon);
    expect([got.length, asked]).toEqual([118, [""]]);
  });

  it("goes straight to the one day of a window, region by region", async () => {
    const { keys: got, asked } = await listed(fakeBucket(keys, 100), "", noon);
    expect(got).toEqual([key("eu-west-1", "2025/02/10", "1200"), key("us-east-1", "2025/02/10", "1200")]);
    const base = "logs/AWSLogs/1/vpcflowlogs/";
    expect(asked).toEqual([
      "",
      " /",
      "logs/ /",
      "logs/AWSLogs/ /",
      "logs/AWSLogs/1/ /",
      `${base} /`,
      `${base}eu-west-1/2025/02/10/`,
      `${base}us-east-1/2025/02/10/`,
    ]);
  });

  it("reads nothing of years and months outside an open window", async () => {
    const { keys: got, asked, pruned } = await listed(fakeBucket(keys, 10), "", { from: at("2025-02-27T12:00:00Z") });
    expect(got.map((name) => timeInName(name)! >= at("2025-02-27T12:00:00Z"))).toEqual([true, true, true, true]);
    expect(asked.filter((line) => line.includes("/2025/01/"))).toEqual([]);
    expect(pruned).toBeGreaterThan(0);
  });

  it("pages through everything without a window, other services left alone", async () => {
    const trails = Array.from({ length: 500 }, (_, i) => `logs/AWSLogs/1/CloudTrail/us-east-1/${i}.json.gz`);
    const { keys: got, asked } = await listed(fakeBucket([...keys, ...trails], 10), "logs/", {});
    expect(got).toEqual(keys.toSorted());
    expect(asked.filter((line) => line.includes("CloudTrail"))).toEqual([]);
  });

  it("lists flat where the folders are too many to follow", async () => {
    const lake = Array.from({ length: 150 }, (_, i) => `lake/${i}/x.log.gz`);
    const { keys: got, asked } = await listed(fakeBucket(lake, 120), "lake/", noon);
    expect(got).toEqual(lake.toSorted());
    expect(asked).toEqual(["lake/", "lake/ /", "lake/", "lake/ +120"]);
  });

  it("goes on from a prefix that ends inside a name", async () => {
    const { keys: got } = await listed(fakeBucket(keys, 5), "logs/AWSLogs/1/vpcflowlogs/us-east-1/2025/01/0", {});
    expect(got).toEqual(keys.filter((name) => name.includes("us-east-1/2025/01/0")));
  });
});

it.each([
  ["p/AWSLogs/1/vpcflowlogs/us-east-1/2025/", "2025-01-01T00:00:00Z", "2025-12-31T23:59:59Z"],
  ["AWSLogs/1/vpcflowlogs/us-east-1/2024/02/", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z"],
  ["AWSLogs/1/vpcflowlogs/us-east-1/2025/12/31/", "2025-12-31T00:00:00Z", "2025-12-31T23:59:59Z"],
  ["AWSLogs/1/vpcflowlogs/us-east-1/2025/12/31/23/", "2025-12-31T23:00:00Z", "2025-12-31T23:59:59Z"],
  [
    "AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=us-east-1/year=2025/month=03/day=04/hour=09/",
    "2025-03-04T09:00:00Z",
    "2025-03-04T09:59:59Z",
  ],
])("the span of %s", (prefix, from, to) => {
  expect(spanOfPrefix(prefix)).toMatchObject({ from: at(from), to: at(to) });
});

it("knows no span of a prefix without a date, or of another layout", () => {
  for (const prefix of ["AWSLogs/1/vpcflowlogs/us-east-1/", "logs/2025/03/04/", "AWSLogs/1/vpcflowlogs/r/2025/x/"]) {
    expect(spanOfPrefix(prefix)).toBeNull();
  }
});

it("jumps as deep as the whole window agrees", () => {
  const hive = "AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=us-east-1/";
  const window = { from: at("2025-03-04T23:00:00Z"), to: at("2025-03-05T01:00:00Z") };
  expect(jumpToWindow(hive, window)).toBe(`${hive}year=2025/month=03/`);
  expect(jumpToWindow(hive, { ...window, to: null })).toBe(hive);
  expect(jumpToWindow("elsewhere/", window)).toBe("elsewhere/");
});

it.each([
  ["AWSLogs/1/CloudTrail/us-east-1/x.json.gz", true],
  ["p/AWSLogs/o-1/1/CloudTrail/us-east-1/x.json.gz", true],
  ["p/AWSLogs/1/vpcflowlogs/us-east-1/x.log.gz", false],
  ["AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/x", false],
  ["AWSLogs/1/", false],
  ["other/CloudTrail/x", false],
])("%s belongs to another service: %s", (name, expected) => {
  expect(isOtherService(name)).toBe(expected);
});
