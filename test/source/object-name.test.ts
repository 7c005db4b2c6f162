import { describe, expect, it } from "vitest";
import { compareObjects, inWindow, objectWindow, timeInName } from "../../src/source/object-name.ts";
import type { SourceObject } from "../../src/source/source.ts";

const at = (iso: string): number => Date.parse(iso) / 1000;

it.each([
  ["AWSLogs/1/x_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz", at("2018-06-20T16:20:00Z")],
  ["x_20180620T162030Z_fe.log.gz", at("2018-06-20T16:20:30Z")],
  ["x_20240229T0000Z_leap.parquet", at("2024-02-29T00:00:00Z")],
  ["20250304T0905Z/flow.log", null],
  ["x_20250229T0000Z_no-such-day.log.gz", null],
  ["x_20251301T0000Z_no-such-month.log.gz", null],
  ["x_20250101T2460Z_no-such-minute.log.gz", null],
  ["1120250304T0905Z.log", null],
  ["fh/2025/03/04/09/to-s3-1-2025-03-04-09-05-00-0a1b2c3d-1111-2222.gz", at("2025-03-04T09:05:00Z")],
  ["000000.gz", null],
])("the time in the name of %s", (name, expected) => {
  expect(timeInName(name)).toBe(expected);
});

describe("the window of object times", () => {
  const window = objectWindow({ from: at("2025-03-04T10:00:00Z"), to: at("2025-03-04T11:00:00Z") });
  it.each([
    ["2025-03-04T09:40:00Z", false],
    ["2025-03-04T09:55:00Z", true],
    ["2025-03-04T11:00:00Z", true],
    ["2025-03-04T12:00:00Z", true],
    ["2025-03-04T12:05:00Z", false],
  ])("%s is kept: %s", (time, kept) => {
    expect(inWindow(at(time), window)).toBe(kept);
  });
  it("keeps what has no time, and everything where both sides are open", () => {
    expect(inWindow(null, window)).toBe(true);
    expect(inWindow(0, objectWindow({}))).toBe(true);
  });
});

it("orders by time, then last part, then whole name; without a time last", () => {
  const object = (name: string): SourceObject => ({
    name,
    size: 0,
    etag: null,
    time: timeInName(name),
    kind: "file",
  });
  const sorted = ["s3://b/a/x.log", "s3://z/a_20250304T0900Z.gz", "/b/a_20250304T0905Z.gz", "/a/a_20250304T0900Z.gz"];
  expect(
    sorted
      .map(object)
      .sort(compareObjects)
      .map((o) => o.name),
  ).toEqual(["/a/a_20250304T0900Z.gz", "s3://z/a_20250304T0900Z.gz", "/b/a_20250304T0905Z.gz", "s3://b/a/x.log"]);
});
