import { describe, expect, it } from "vitest";
import { objectWindow, timeInName } from "../../src/source/object-name.ts";
import { listKeys, type ListPage } from "../../src/source/s3-list.ts";

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

  it("prunes the dates of other layouts, and counts what it leaves out", async () => {
    const firehose = days.flatMap((day) =>
      ["00", "12"].map((hour) => `fh/${day.replaceAll("-", "/")}/${hour}/stream-1-${day}-${hour}-05-00-0a1b2c3d-x.gz`),
    );
    const { keys: got, pruned } = await listed(fakeBucket(firehose, 20), "fh/", noon);
    expect(got.length).toBeLessThan(10);
    expect(got).toContain("fh/2025/02/10/12/stream-1-2025-02-10-12-05-00-0a1b2c3d-x.gz");
    expect(pruned).toBeGreaterThan(0);
    const left: string[] = [];
    const central = [...keys, ...days.map((day) => `logs/AWSLogs/o-1/123456789012/CloudTrail/${day}/x.json.gz`)];
    const wanted = (below: string): boolean => !/CloudTrail/.test(below) || left.push(below) < 0;
    await listKeys(fakeBucket(central, 10).list, "logs/", objectWindow({}), () => {}, { wanted });
    expect(left).toEqual(["logs/AWSLogs/o-1/123456789012/CloudTrail/"]);
  });
});
