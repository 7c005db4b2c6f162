import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";

import { decodeBytes } from "./collect.ts";

const COLUMNS: ColumnSource[] = [
  { name: "interface_id", data: ["eni-1", "eni-1", "-", "eni-2"], type: "STRING" },
  { name: "srcaddr", data: ["10.0.0.1", null, "-", "::1"], type: "STRING", nullable: true },
  { name: "dstaddr", data: ["10.0.0.2", null, "-", "::2"], type: "STRING", nullable: true },
  { name: "dstport", data: [22, null, null, 70000], type: "INT32", nullable: true },
  { name: "srcport", data: [1, null, null, 2], type: "INT32", nullable: true },
  { name: "bytes", data: [5n, null, 6n, 7n], type: "INT64", nullable: true },
  { name: "start", data: [1620000000n, 1620000000n, null, 1n], type: "INT64", nullable: true },
  { name: "end", data: [1620000060n, 1620000060n, null, 1n], type: "INT64", nullable: true },
  { name: "log_status", data: ["OK", "NODATA", "OK", "OK"], type: "STRING" },
  { name: "az_id", data: ["a", "b", "c", "d"], type: "STRING" },
];
const compressors = { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) };
const write = (columnData: ColumnSource[], rowGroupSize = 2): Buffer =>
  Buffer.from(parquetWriteBuffer({ columnData, codec: "GZIP", compressors, rowGroupSize }));

describe("Parquet", () => {
  it("reads NULL and - as absent, and judges values as in text", async () => {
    const { rows, bad } = await decodeBytes(write(COLUMNS));
    expect(rows).toMatchObject([
      { line: 1, src: "10.0.0.1", srcPort: 1, dstPort: 22, bytes: 5, start: 1620000000, status: "OK", protocol: null },
      { line: 2, src: null, dst: null, srcPort: null, bytes: null, status: "NODATA" },
      { line: 3, interfaceId: "-", src: null, srcPort: null, bytes: 6, start: null },
    ]);
    expect(bad).toEqual([
      { line: 4, reason: "out_of_range", text: "eni-2 ::1 ::2 70000 2 7 1 1 OK d", field: "dstport", value: "70000" },
    ]);
  });

  it("reads runs that DuckDB filled up to 256 values", async () => {
    const file = readFileSync(new URL("duckdb-padding.parquet", import.meta.url));
    const { rows, bad } = await decodeBytes(file);
    expect(bad).toEqual([]);
    expect(rows.map(({ status }) => status)).toEqual(["OK", "NODATA"]);
  });

  it("makes one bad line of a row group that cannot be read", async () => {
    const bytes = write(COLUMNS, 2);
    // The first page of the first column, behind its header.
    bytes.fill(0xff, 40, 60);
    const { rows, bad } = await decodeBytes(bytes);
    expect(bad.map((line) => [line.line, line.reason])).toEqual([
      [1, "invalid_parquet"],
      [4, "out_of_range"],
    ]);
    expect(rows.map((row) => row.line)).toEqual([3]);
  });

  it.each([
    ["truncated", write(COLUMNS).subarray(0, -200), "invalid_parquet"],
    ["only the magic", Buffer.from("PAR1"), "invalid_parquet"],
    [
      "a footer length beyond the file",
      Buffer.concat([write(COLUMNS).subarray(0, -8), Buffer.from([255, 255, 255, 127]), Buffer.from("PAR1")]),
      "invalid_parquet",
    ],
    ["a table of something else", write([{ name: "name", data: ["a"], type: "STRING" }]), "no_usable_field"],
    ["no rows", write(COLUMNS.map((column) => ({ ...column, data: [] }))), null],
  ])("%s", async (_, bytes, reason) => {
    const { rows, bad } = await decodeBytes(bytes);
    expect(rows).toEqual([]);
    expect(bad.map((line) => line.reason)).toEqual(reason === null ? [] : [reason]);
  });

  it("reports an object that broke off inside gzip", async () => {
    const { bad } = await decodeBytes(gzipSync(write(COLUMNS)).subarray(0, -20));
    expect(bad).toMatchObject([{ line: 1, reason: "truncated_gzip" }]);
  });

  it.each(["GZIP", "UNCOMPRESSED"] as const)("survives any one damaged byte (%s)", async (codec) => {
    const columnData = COLUMNS.filter(({ name }) => ["interface_id", "dstport"].includes(name));
    const bytes = Buffer.from(parquetWriteBuffer({ columnData, codec, compressors }));
    for (let at = 4; at < bytes.length; at++) {
      for (const change of [0x80, 0x55]) {
        const damaged = Buffer.from(bytes);
        damaged[at] ^= change;
        const { rows, bad } = await decodeBytes(damaged);
        expect(rows.length + bad.length).toBeLessThanOrEqual(5);
      }
    }
  });
});
