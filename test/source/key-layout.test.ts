import { describe, expect, it } from "vitest";
import { keyGlob } from "../../src/source/key-glob.ts";
import { isOtherService, jumpToWindow, spanOfPrefix } from "../../src/source/key-layout.ts";

const at = (iso: string): number => Date.parse(iso) / 1000;

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

it("knows no span of a prefix without a date", () => {
  for (const prefix of [
    "AWSLogs/1/vpcflowlogs/us-east-1/",
    "logs/2025/03/x/",
    "AWSLogs/1/vpcflowlogs/r/2025/x/",
    "v/2025/13/",
  ]) {
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
  ["AWSLogs/o-exampleorgid/123456789012/vpcflowlogs/us-east-1/2025/x.log.gz", false],
  ["AWSLogs/o-exampleorgid/123456789012/Config/us-east-1/x.json.gz", true],
  ["AWSLogs/team/a/123456789012/elasticloadbalancing/us-east-1/x.log", true],
  ["central/AWSLogs/AWSLogs/123456789012/WAFLogs/us-east-1/x", true],
  ["AWSLogs/123456789012/CloudTrail/copy/123456789012_vpcflowlogs_us-east-1_fl-1_20250304T0905Z_a.log.gz", false],
  ["AWSLogs/123456789012/2025/03/04/x.gz", false],
  ["AWSLogs/123456789012/us-east-1/x.gz", false],
  ["AWSLogs/aws-account-id=123456789012/aws-service=cloudtrail/x", true],
])("%s belongs to another service: %s", (name, expected) => {
  expect(isOtherService(name)).toBe(expected);
});

it("reads what the user named, whatever it is", () => {
  const key = "p/AWSLogs/123456789012/custom/us-east-1/x.gz";
  for (const named of [
    "p/AWSLogs/123456789012/custom",
    "p/AWSLogs/123456789012/custom/",
    "p/AWSLogs/123456789012/custom/us",
  ]) {
    expect(isOtherService(key, named)).toBe(false);
  }
  for (const named of ["", "p/", "p/AWSLogs/123456789012/", "p/AWSLogs/123456789012/cust"]) {
    expect(isOtherService(key, named)).toBe(true);
  }
});

it.each([
  ["fh/2025/03/04/09/", "2025-03-04T09:00:00Z"],
  ["fh/2025/03/04/", "2025-03-04T23:59:59Z"],
  ["lake/year=2025/month=3/day=4/", "2025-03-04T00:00:00Z"],
  ["lake/dt=2025-03-04/", "2025-03-04T12:00:00Z"],
  ["lake/dt=2025-03-04/hour=09/", "2025-03-04T09:30:00Z"],
  ["lake/dt=2025-03-04-09/", "2025-03-04T09:30:00Z"],
  ["x/2025-03-04/", "2025-03-04T12:00:00Z"],
])("takes %s for a date of any time zone", (prefix, inside) => {
  const { from, to } = spanOfPrefix(prefix)!;
  for (const hours of [-14, 0, 14]) {
    expect(from).toBeLessThanOrEqual(at(inside) + hours * 3600);
    expect(to).toBeGreaterThanOrEqual(at(inside) + hours * 3600 - 1);
  }
});

describe("globs of keys", () => {
  const key = "AWSLogs/111111111111/vpcflowlogs/eu-west-1/2025/03/04/x.log.gz";
  it.each([
    ["AWSLogs/*/vpcflowlogs/eu-*/", true],
    ["AWSLogs/{111111111111,222222222222}/vpcflowlogs/eu-west-1/2025/", true],
    ["AWSLogs/{333333333333,222222222222}/vpcflowlogs/", false],
    ["**/vpcflowlogs/**/*.gz", true],
    ["**/2025/03/*/x.log.gz", true],
    ["AWSLogs/*/x.log.gz", false],
    ["AWSLogs/*/vpcflowlogs/eu-west-?", true],
    ["AWSLogs/[12]*/vpcflowlogs/", true],
    ["AWSLogs/[!1]*/vpcflowlogs/", false],
    ["AWSLogs/*/vpcflowlogs/eu-west", false],
    ["AWSLogs/{1/x,111111111111/vpcflowlogs}/eu-west-1/", true],
  ])("%s: %s", (pattern, expected) => {
    const glob = keyGlob(pattern)!;
    expect(glob.matches(key)).toBe(expected);
    // Every folder on the way to a match is gone through.
    const folders = [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index + 1));
    if (expected) expect(folders.every((folder) => glob.mayMatchBelow(folder))).toBe(true);
    expect(key.startsWith(glob.prefix)).toBe(true);
  });

  it("leaves out folders that cannot match", () => {
    const glob = keyGlob("AWSLogs/*/vpcflowlogs/{eu-west-1,eu-west-2}/")!;
    expect(glob.mayMatchBelow("AWSLogs/1/CloudTrail/")).toBe(false);
    expect(glob.mayMatchBelow("AWSLogs/1/vpcflowlogs/us-east-1/")).toBe(false);
    expect(glob.mayMatchBelow("AWSLogs/1/vpcflowlogs/eu-west-2/2025/")).toBe(true);
    expect(keyGlob("AWSLogs/1/")).toBeNull();
  });
});
