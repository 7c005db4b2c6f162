import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { decodeBytes, type Row } from "./collect.ts";

/** What people really have, made small: exports, envelopes, tables and containers, with the records each must give. */
const FOLDER = fileURLToPath(new URL("../cases/readers", import.meta.url));
const INPUTS = join(FOLDER, "inputs");
const CASES = readFileSync(join(FOLDER, "expectations.tsv"), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t") as [input: string, fields: string, records: string]);

/** The three flows that most inputs hold, without what only some formats carry. */
const FLOWS = [
  "eni-0aaaaaaaaaaaaaaa1 198.51.100.7:50001 > 10.20.1.10:443 6 10/1200 1741000000-1741000060 ACCEPT OK",
  "eni-0aaaaaaaaaaaaaaa1 10.20.1.10:443 > 198.51.100.7:50001 6 12/8200 1741000000-1741000060 ACCEPT OK",
  "eni-0aaaaaaaaaaaaaaa1 203.0.113.9:41000 > 10.20.1.10:22 6 1/40 1741000001-1741000061 REJECT OK",
];
/** Inputs with other flows: other addresses, no traffic, absent times, repetitions. */
const OTHERS =
  /^(a-headerless|b-services|c-v11|e1-sub|e2-multi|h11|i13|l-nodata|p11-ocsf|p24-|s-headerless|r10|q\/|p(1|2|3|4b|5|5c|6|8|10b|12)-)/;

const words = (row: Row): string =>
  `${row.interfaceId} ${row.src}:${row.srcPort} > ${row.dst}:${row.dstPort} ${row.protocol} ` +
  `${row.packets}/${row.bytes} ${row.start}-${row.end} ${row.action} ${row.status}`;

describe("what people really have", () => {
  it.each(CASES)("%s %s: %s records", async (input, fieldsFile, records) => {
    const content = readFileSync(join(INPUTS, input));
    const fields = fieldsFile === "" ? undefined : readFileSync(join(INPUTS, fieldsFile), "utf8").trim().split(/\s+/);
    const { rows, bad } = await decodeBytes(content, fields);
    expect(bad).toEqual([]);
    expect(rows).toHaveLength(Number(records));
    expect(await decodeBytes(content, fields, 7)).toEqual({ rows, bad });
    if (!OTHERS.test(input)) expect(rows.map(words)).toEqual(FLOWS.slice(0, rows.length));
  });

  it("are all looked at", () => {
    const files = readdirSync(INPUTS, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.fields$|^aws-logs-write-test$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(INPUTS.length + 1));
    expect(new Set(CASES.map(([input]) => input))).toEqual(new Set(files));
  });
});
