import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { filesOfOthers } from "../helpers/skip.ts";
import { decodeBytes } from "./collect.ts";

const folderOfOthers = filesOfOthers("decoding flow logs of others");
const SHARED = folderOfOthers ?? "";
const present = folderOfOthers !== null;

const CW_CUSTOM = ["version", "interface-id", "srcaddr", "dstaddr"];

/** File, its records by action and status, the reasons of its bad lines by line, and the fields where no header says them. */
const FILES: [string, Record<string, number>, [number, string][], string[]?][] = [
  [
    "flow-log-samples/s3-object/123456789012_vpcflowlogs_us-east-1_fl-01b07217476488e53_20210902T2145Z_c2ed8707.log.gz",
    { "ACCEPT OK": 32, "REJECT OK": 67 },
    [],
  ],
  ["flow-log-samples/s3-small/vpcflow.log", { "ACCEPT OK": 10, "null NODATA": 7 }, []],
  ["flow-log-samples/s3-small/vpcflowlog.log.gz", { "ACCEPT OK": 3 }, []],
  ["flow-log-samples/otel/valid_vpc_flow_log.log", { "null NODATA": 1 }, []],
  ["flow-log-samples/otel/valid_vpc_flow_log_multi.log", { "ACCEPT OK": 1, "REJECT OK": 1 }, []],
  ["flow-log-samples/otel/valid_vpc_flow_log_ecs.log", { "ACCEPT OK": 1 }, []],
  ["flow-log-samples/otel/vpc_flow_log_too_few_fields.log", {}, [[2, "wrong_field_count"]]],
  ["flow-log-samples/otel/vpc_flow_log_too_many_fields.log", {}, [[2, "wrong_field_count"]]],
  ["flow-log-samples/otel/valid_tgw_flow_log.log", {}, [[2, "transit_gateway_record"]]],
  ["flow-log-samples/otel/valid_tgw_flow_cw.json", {}, [[1, "transit_gateway_record"]]],
  ["flow-log-samples/otel/valid_vpc_flow_cw.json", { "ACCEPT OK": 1, "REJECT OK": 1 }, []],
  ["flow-log-samples/otel/valid_vpc_flow_cw_custom.json", { "null OK": 2 }, [], CW_CUSTOM],
  ["real-eks-2024-12-20/eni-all-000000.gz", { "ACCEPT OK": 10_452, "REJECT OK": 542, "null SKIPDATA": 63 }, []],
];

describe.skipIf(!present)("flow logs written by others", () => {
  it.each(FILES)("%s", async (file, counts, reasons, fields) => {
    const { rows, bad } = await decodeBytes(readFileSync(join(SHARED, file)), fields, 1009);
    const found: Record<string, number> = {};
    for (const { action, status } of rows) found[`${action} ${status}`] = (found[`${action} ${status}`] ?? 0) + 1;
    expect(found).toEqual(counts);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual(reasons);
  });

  it("are all looked at", () => {
    const folder = "flow-log-samples";
    const files = readdirSync(join(SHARED, folder), { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.(?:gz|log|json)$/.test(file),
    );
    const listed = FILES.map(([file]) => file).filter((file) => file.startsWith(folder));
    expect(files.map((file) => `${folder}/${file}`).sort()).toEqual(listed.sort());
  });
});
