import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { inflate } from "../../../src/decode/containers/gzip.ts";
import { createUnpackBudget, DamagedInput } from "../../../src/decode/containers/limits.ts";

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.slice(from, from + size);
}

async function unpack(bytes: Uint8Array, size = 1000, maxBytes?: number) {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of inflate(cut(bytes, size), createUnpackBudget(maxBytes)))
      parts.push(Uint8Array.from(chunk));
  } catch (error) {
    if (!(error instanceof DamagedInput)) throw error;
    return { text: Buffer.concat(parts).toString(), reason: error.reason };
  }
  return { text: Buffer.concat(parts).toString(), reason: null };
}

// Numbers in no order, so that a byte of gzip stands for few bytes of text.
const text = Array.from({ length: 200_000 }, (_, index) => `${Math.imul(index, 0x9e3779b1) >>> 0}\n`).join("");
const packed = gzipSync(text);
const small = gzipSync("one\ntwo\n");

describe("inflate", () => {
  it.each([
    ["one member", packed, text],
    ["several members", Buffer.concat([small, packed, small]), `one\ntwo\n${text}one\ntwo\n`],
    ["padding of zeros behind it", Buffer.concat([small, Buffer.alloc(600)]), "one\ntwo\n"],
    ["an empty member", gzipSync(""), ""],
  ])("unpacks %s", async (_, bytes, expected) => {
    for (const size of [7919, 1 << 20]) expect(await unpack(bytes, size)).toEqual({ text: expected, reason: null });
  });

  it("yields all of a truncated object that its bytes hold", async () => {
    for (const length of [20, 1000, packed.length >> 1, packed.length - 1]) {
      const { text: got, reason } = await unpack(packed.subarray(0, length));
      expect(reason).toBe("truncated_gzip");
      expect(text.startsWith(got)).toBe(true);
      expect(got.length).toBeGreaterThanOrEqual(length - 200);
    }
  });

  it("yields what stands before corrupt bytes, the same for any chunks", async () => {
    // The last place is the checksum.
    for (const at of [packed.length >> 3, packed.length >> 1, packed.length - 8]) {
      const bytes = Uint8Array.from(packed);
      bytes.fill(0xff, at, at + 8);
      const { text: got, reason } = await unpack(bytes);
      expect(reason).toBe("corrupt_gzip");
      expect(got.length).toBeGreaterThan(at);
      expect(text.startsWith(got.slice(0, at))).toBe(true);
      expect(await unpack(bytes, 1 << 20)).toEqual({ text: got, reason });
    }
  });

  it("keeps a sound member before trailing rubbish", async () => {
    expect(await unpack(Buffer.concat([small, Buffer.from("rubbish")]))).toEqual({
      text: "one\ntwo\n",
      reason: "corrupt_gzip",
    });
  });

  it("stops at a size limit, and at the ratio of a zip bomb", async () => {
    expect(await unpack(packed, 1000, 300_000)).toMatchObject({ reason: "inflated_too_large" });
    let length = 0;
    const bomb = gzipSync(Buffer.alloc(300 << 20), { level: 9 });
    const reading = async (): Promise<void> => {
      for await (const chunk of inflate(cut(bomb, 1 << 16))) length += chunk.length;
    };
    await expect(reading()).rejects.toMatchObject({ reason: "inflated_too_large" });
    expect(length).toBeLessThan(257 << 20);
  });

  it("passes on an error of the source", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 5000);
      throw new Error("connection reset");
    }
    const reading = async (): Promise<void> => {
      for await (const _ of inflate(failing())) void _;
    };
    await expect(reading()).rejects.toThrow("connection reset");
  });
});
