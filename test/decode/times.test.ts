import { describe, expect, it } from "vitest";

import { readTime } from "../../src/decode/times.ts";
import { decodeBytes } from "./collect.ts";

const START = 1734163200;
const END = 1734163230;
const FIELDS =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const RECORD = `2 123456789012 eni-02 198.51.100.7 10.0.1.10 50000 22 6 1 44 ${START} ${END} REJECT OK`;
const CELLS = RECORD.replaceAll(" ", ",");
const UNTIMED = "eni-02 198.51.100.7 10.0.1.10 REJECT";
const UNTIMED_FIELDS = "interface-id srcaddr dstaddr action";
const HEADER = FIELDS.replaceAll(" ", ",").replaceAll("-", "_");
const STAMP = "2024-12-14T08:00:30.000Z";

it.each([
  ["2024-12-14 08:00:30.000", END],
  ["2024-12-14T08:00:30.123456+00:00", END],
  ["2024-12-14T08:00:30", END],
  ["2024-12-14 08:00:30.000 UTC", END],
  ["2024-12-14T10:00:30+0200", END],
  ["2024-12-14 08:00", START],
  ["1734163230", END],
  ["1734163230999", END],
  ["2024-12-14", -1],
  ["12/14/2024", -1],
  ["2024-13-14 08:00:30", -1],
  ["2024-12-14 08:00:30 CET", -1],
  ["-", -1],
])("the time %s is %d", (text, seconds) => {
  expect(readTime(text)).toBe(seconds);
});

describe("the record's own times", () => {
  const json = (start: unknown, end: unknown): string =>
    JSON.stringify({ interface_id: "eni-02", srcaddr: "198.51.100.7", dstaddr: "10.0.1.10", start, end });
  it.each([
    ["`aws logs tail`", `2024-12-14T08:00:59.000000+00:00 eni-02-all ${RECORD}\n`.repeat(2), 2],
    ["`aws logs tail --format short`", `2024-12-14T08:00:59 ${RECORD}\n`.repeat(2), 2],
    ["a time before the cells of a row", `w,,,,w,,w,,,,,,,,w\n2024-12-14T08:00:59.000Z,${CELLS}\n`, 1],
    [
      "text of Athena",
      `${HEADER}\n${CELLS.replace(`${START},${END}`, "2024-12-14 08:00:00.000,2024-12-14 08:00:30.000")}`,
      1,
    ],
    ["text of JSON", json("2024-12-14 08:00:00", "2024-12-14 08:00:30"), 1],
    ["Logs Insights in AWS's order", `@timestamp,${HEADER.slice(8)}\n2024-12-14 08:00:59.000,${CELLS.slice(2)}`, 1],
    ["the same without @", `timestamp,${HEADER.slice(8)}\n2024-12-14 08:00:59.000,${CELLS.slice(2)}`, 1],
    ["an event with a time", JSON.stringify({ timestamp: 1734163259000, message: RECORD }), 1],
  ])("%s", async (_, text, records) => {
    const { rows } = await decodeBytes(text);
    expect(rows.map(({ start, end, interfaceId }) => [start, end, interfaceId])).toEqual(
      Array.from({ length: records }, () => [START, END, "eni-02"]),
    );
  });
});

describe("the time of the event stands for times that the record lacks", () => {
  const fields = UNTIMED_FIELDS.split(" ");
  it.each([
    ["an export to S3", `${STAMP} ${UNTIMED}\n`.repeat(3) + "#".repeat(64), 3],
    ["`aws logs tail`", `2024-12-14T08:00:30 eni-02-all ${UNTIMED}\n`, 1],
    ["an event of a subscription", JSON.stringify({ logEvents: [{ timestamp: 1734163230999, message: UNTIMED }] }), 1],
    ["a message of Logs Insights", `@timestamp,@message\n2024-12-14 08:00:30.000,"${UNTIMED}"\n`, 1],
    [
      "columns of Logs Insights",
      `@timestamp,interfaceId,srcAddr,dstAddr\n2024-12-14 08:00:30.000,eni-02,10.0.0.1,10.0.0.2\n`,
      1,
    ],
    [
      "rows of get-query-results",
      JSON.stringify([
        [
          { field: "@timestamp", value: "2024-12-14 08:00:30.000" },
          { field: "interfaceId", value: "eni-02" },
          { field: "start", value: "" },
        ],
      ]),
      1,
    ],
  ])("%s", async (_, text, records) => {
    const { rows, bad } = await decodeBytes(text, fields);
    expect(bad).toEqual([]);
    expect(rows.map(({ start, end, interfaceId }) => [start, end, interfaceId])).toEqual(
      Array.from({ length: records }, () => [END, END, "eni-02"]),
    );
  });
});

it("says which time is wrong", async () => {
  const dates = `${HEADER}\n${CELLS.replace(String(START), "12/14/2024")}\n${CELLS.replace(String(END), "soon enough")}\n`;
  const { bad } = await decodeBytes(dates);
  expect(bad).toMatchObject([
    { line: 2, reason: "invalid_start" },
    { line: 3, reason: "invalid_end" },
  ]);
});
