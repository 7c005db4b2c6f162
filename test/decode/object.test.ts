import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { decodeObject, type DecodeObjectOptions } from "../../src/decode/object.ts";
import { collect } from "./collect.ts";

const SSH =
  "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.slice(from, from + size);
}

async function decode(content: string | Uint8Array, options: Partial<DecodeObjectOptions> = {}, size = 1 << 16) {
  const collected = collect();
  const counts = await decodeObject(cut(Buffer.from(content), size), { ...collected, ...options });
  const rows = collected.rows();
  expect(counts).toEqual({ records: rows.length, badLines: collected.bad.length });
  return { rows, bad: collected.bad };
}

describe("decodeObject", () => {
  const text = `${SSH}\n${SSH}\n`;
  it.each([
    ["plain text", text],
    ["gzip", gzipSync(text)],
    ["gzip packed twice", gzipSync(gzipSync(text))],
    ["gzip of several members", Buffer.concat([gzipSync(`${SSH}\n`), gzipSync(`${SSH}\n`)])],
    [
      "gzip glued to the words of the permission check",
      Buffer.concat([Buffer.from("Permission Check Successful"), gzipSync(text)]),
    ],
  ])("recognises %s, whatever its name says", async (_, content) => {
    for (const size of [1, 1 << 16]) {
      const { rows, bad } = await decode(content, {}, size);
      expect(bad).toEqual([]);
      expect(rows.map((row) => [row.line, row.dstPort])).toEqual([
        [1, 22],
        [2, 22],
      ]);
    }
  });

  it("gives nothing for an empty object", async () => {
    expect(await decode("")).toEqual({ rows: [], bad: [] });
    expect(await decode(gzipSync(""))).toEqual({ rows: [], bad: [] });
  });

  it("keeps the records of a truncated object and says where it broke off", async () => {
    const packed = gzipSync(Array.from({ length: 5000 }, (_, index) => SSH.replace("20641", String(index))).join("\n"));
    const { rows, bad } = await decode(packed.subarray(0, packed.length >> 1));
    expect(rows.length).toBeGreaterThan(1000);
    expect(bad).toMatchObject([{ line: rows.length + 1, reason: "truncated_gzip" }]);
    expect(rows.every((row, index) => row.srcPort === index)).toBe(true);
    expect(await decode(packed.subarray(0, 8))).toMatchObject({
      rows: [],
      bad: [{ line: 1, reason: "truncated_gzip" }],
    });
  });

  it("counts an object of binary garbage as one bad line", async () => {
    const noise = Buffer.alloc(3 << 20);
    for (let at = 0, state = 1; at < noise.length; at++) noise[at] = (state = (state * 48271) % 0x7fffffff) >>> 8;
    const { rows, bad } = await decode(noise);
    expect(rows).toEqual([]);
    expect(bad).toMatchObject([{ line: 1, reason: "binary_data" }]);
  });

  it("counts binary garbage within text as bad lines of limited size", async () => {
    const noise = Buffer.alloc(1 << 20);
    for (let at = 0, state = 1; at < noise.length; at++) noise[at] = (state = (state * 48271) % 0x7fffffff) >>> 8;
    const { rows, bad } = await decode(Buffer.concat([Buffer.from(`${text}\n`), noise]));
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(bad.map((line) => line.reason))).toEqual(new Set(["binary_data", "wrong_field_count"]));
    expect(Math.max(...bad.map((line) => line.text.length))).toBeLessThanOrEqual(200);
  });

  it("waits for the consumer between chunks", async () => {
    const collected = collect();
    let waits = 0;
    const ready = async (): Promise<void> => void waits++;
    await decodeObject(cut(Buffer.from(text), 50), { ...collected, sink: { ...collected.sink, ready } });
    expect(waits).toBe(Math.ceil(text.length / 50));
  });

  it("fails as its source fails", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text);
      throw new Error("connection reset");
    }
    await expect(decodeObject(failing(), collect())).rejects.toThrow("connection reset");
  });
});
