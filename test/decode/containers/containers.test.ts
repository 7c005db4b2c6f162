import { readFileSync } from "node:fs";
import { deflateRawSync, crc32, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBytes, decodeWithNotes } from "../collect.ts";

const HEADER =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const SWAPPED =
  "version account-id interface-id dstaddr srcaddr dstport srcport protocol packets bytes start end action log-status";
const record = (n: number): string =>
  `2 123456789012 eni-1 10.0.0.1 10.0.0.2 ${n} 22 6 10 840 1620000000 1620000060 ACCEPT OK`;
const log = (from: number, count: number, header = HEADER): string =>
  [header, ...Array.from({ length: count }, (_, index) => record(from + index)), ""].join("\n");

function tar(members: readonly (readonly [name: string, content: Uint8Array | string, type?: string])[]): Buffer {
  const blocks = members.flatMap(([name, given, type = "0"]) => {
    const content = Buffer.from(given);
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100));
    header.write("0000644\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(type, 156);
    header.write("ustar\u000000", 257);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function zip(members: readonly (readonly [name: string, content: Uint8Array | string])[], method = 8): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, given] of members) {
    const content = Buffer.from(given);
    const packed = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    // Bit 3: the sizes stand behind the content, as writers to a pipe do it.
    local.writeUInt16LE(8, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(8, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** `log(1, 3)` and `log(4, 2)` as two streams one after the other, and `log(0, 12_000)`, packed by the tool of that name. */
const packed = (name: string): Buffer => readFileSync(new URL(`packed/${name}`, import.meta.url));

const ports = async (content: Uint8Array | string, size?: number): Promise<unknown> => {
  const { rows, bad, notes } = await decodeWithNotes(content, undefined, size);
  return { ports: rows.map(({ srcPort }) => srcPort), lines: rows.map(({ line }) => line), bad, notes };
};

describe("archives", () => {
  const members = [
    ["logs/", ""],
    ["logs/a.log", log(1, 2)],
    ["logs/._a.log", "\0\0\0"],
    ["logs/b.log.gz", gzipSync(log(3, 1))],
    ["logs/c.json", JSON.stringify({ message: record(4) })],
    [
      "logs/d.log",
      `${SWAPPED}\n${"2 123456789012 eni-1 10.0.0.2 10.0.0.1 22 5 6 10 840 1620000000 1620000060 ACCEPT OK"}\n`,
    ],
  ] as const;
  const expected = {
    ports: [1, 2, 3, 4, 5],
    // The lines of a member follow those of the one before.
    lines: [2, 3, 5, 6, 8],
    bad: [],
    notes: ["set aside hidden files in the archive: logs/._a.log"],
  };

  it.each([
    ["tar", tar(members)],
    ["tar in gzip", gzipSync(tar(members))],
    ["zip", zip(members)],
    ["zip without compression", zip(members, 0)],
    ["tar in zip", zip([["x.tar", tar(members)]])],
    ["tars one after the other", Buffer.concat([tar(members.slice(0, 3)), tar(members.slice(3))])],
  ])("reads the files of a %s, each with its own format and header", async (_, bytes) => {
    for (const size of [61, 1 << 20]) expect(await ports(bytes, size)).toEqual(expected);
  });

  it("goes on behind a damaged file", async () => {
    const broken = gzipSync(log(3, 1)).subarray(0, -10);
    const files = [
      ["a.log", log(1, 1)],
      ["b.gz", broken],
      ["c.log", log(9, 1)],
    ] as const;
    for (const bytes of [tar(files), zip(files)]) {
      expect(await ports(bytes)).toMatchObject({ ports: [1, 9], bad: [{ reason: "truncated_gzip" }] });
    }
  });

  it("says that an archive is cut off, once", async () => {
    const whole = tar([
      ["a.log", log(1, 1)],
      ["b.log", log(2, 100)],
    ]);
    expect(await ports(whole.subarray(0, 3000))).toMatchObject({ bad: [{ reason: "truncated_tar" }] });
    expect(await ports(gzipSync(whole).subarray(0, -100))).toMatchObject({ bad: [{ reason: "truncated_gzip" }] });
    expect(await ports(zip([["a.log", log(1, 10)]]).subarray(0, -5))).toMatchObject({
      bad: [{ reason: "truncated_zip" }],
    });
  });

  it("compares the checksum of a file in a zip", async () => {
    const bytes = zip([["a.log", log(1, 1)]], 0);
    bytes[bytes.indexOf("10.0.0.1 10.0.0.2") + 7]++;
    expect(await ports(bytes)).toMatchObject({ bad: [{ reason: "corrupt_zip" }] });
  });

  it("takes names of any length", async () => {
    const name = `${"long/".repeat(60)}a.log`;
    const pax = `${name.length + 10} path=${name}\n`;
    for (const [type, content] of [
      ["L", `${name}\0`],
      ["x", pax],
    ] as const) {
      const bytes = tar([
        ["././@LongLink", content, type],
        ["cut", log(1, 1)],
      ]);
      expect(await ports(bytes)).toMatchObject({ ports: [1], bad: [] });
    }
  });
});

describe("packed streams", () => {
  it.each([["zstd"], ["bzip2"], ["xz"]])("unpacks %s of any number of streams, cut anywhere", async (tool) => {
    const two = packed(`two.${tool}`);
    for (const size of [13, 1 << 20]) {
      expect(await ports(two, size)).toMatchObject({ ports: [1, 2, 3, 4, 5], bad: [] });
    }
    expect(await ports(gzipSync(two))).toMatchObject({ ports: [1, 2, 3, 4, 5], bad: [] });
    const large = packed(`large.${tool}`);
    const { rows, bad } = await decodeBytes(large);
    expect([rows.length, rows.at(-1)!.srcPort, bad]).toEqual([12_000, 11_999, []]);
    for (const cut of [20, 300, 5000]) {
      const { rows, bad } = await decodeBytes(large.subarray(0, -cut));
      expect(bad).toMatchObject([{ reason: `corrupt_${tool}` }]);
      expect(rows.length).toBeLessThanOrEqual(12_000);
    }
    // One context unpacks all xz: it is free again after damage.
    expect(await ports(two)).toMatchObject({ ports: [1, 2, 3, 4, 5], bad: [] });
  });

  it("reads text of two bytes a character, with and without a byte order mark", async () => {
    const text = log(1, 2).replaceAll("\n", "\r\n");
    const little = Buffer.from(text, "utf16le");
    const big = Buffer.from(little).swap16();
    const variants = [little, big, Buffer.concat([Buffer.from([0xff, 0xfe]), little])];
    variants.push(Buffer.concat([Buffer.from([0xfe, 0xff]), big]));
    for (const bytes of variants) {
      for (const size of [1, 1000]) expect(await ports(bytes, size)).toMatchObject({ ports: [1, 2], bad: [] });
    }
  });

  it("reads base64: packed, wrapped, several blobs, of text", async () => {
    const blob = (from: number): string => gzipSync(log(from, 2)).toString("base64");
    const wrapped = blob(1).replaceAll(/(.{76})/g, "$1\n");
    for (const text of [`${blob(1)}\n${blob(3)}\n`, `${wrapped}\n${blob(3)}`, `${wrapped}\r\n\r\n${blob(3)}\r\n`]) {
      for (const size of [7, 1 << 20]) expect(await ports(text, size)).toMatchObject({ ports: [1, 2, 3, 4], bad: [] });
    }
    const plain = [1, 2, 3].map((n) => Buffer.from(record(n)).toString("base64")).join("\n");
    expect(await ports(plain)).toMatchObject({ ports: [1, 2, 3], bad: [] });
  });
});

describe("what is not read", () => {
  it.each([
    ["a 7z archive", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]],
    ["LZ4-compressed", [0x04, 0x22, 0x4d, 0x18, 0x64, 0x40]],
    ["an Avro file", [0x4f, 0x62, 0x6a, 1, 4, 0x14]],
    ["UTF-32 text", [0xff, 0xfe, 0, 0, 0x32, 0, 0, 0]],
    ["a SQLite file", [...Buffer.from("SQLite format 3\0")]],
    ["a packet capture", [0xd4, 0xc3, 0xb2, 0xa1, 2, 0]],
  ])("is named: %s", async (what, bytes) => {
    expect(await ports(Buffer.concat([Buffer.from(bytes), Buffer.alloc(600, 0x81)]))).toMatchObject({
      ports: [],
      bad: [{ line: 1, reason: "unreadable_container", text: what }],
      notes: [`${what}: unpack or convert it first`],
    });
  });

  it("is an encrypted file in a zip", async () => {
    const bytes = zip([
      ["a.log", log(1, 1)],
      ["b.log", log(2, 1)],
    ]);
    bytes[bytes.lastIndexOf("b.log") - 46 + 8] |= 1;
    expect(await ports(bytes)).toMatchObject({ ports: [1], bad: [{ reason: "unreadable_zip" }] });
  });

  it("is what is packed without end", async () => {
    let bytes = Buffer.from(log(1, 1));
    for (let layer = 0; layer < 7; layer++) bytes = gzipSync(bytes);
    expect(await ports(bytes)).toMatchObject({ ports: [], bad: [{ reason: "unreadable_container" }] });
  });

  it("never makes a container of text, whatever its first words", async () => {
    for (const word of ["BZh91AY", "PK", "ORC", "7z", "H4sI", "%PDF-1.4", "ustar"]) {
      const { rows, bad } = await decodeBytes(`${word} of a log\n${record(1)}\n`);
      expect([rows.length, bad.map(({ reason }) => reason)]).toEqual([1, ["wrong_field_count"]]);
    }
  });
});

it("neither hangs nor loses the rest for any damage", { timeout: 120_000 }, async () => {
  const inner = tar([
    ["a.log", log(1, 50)],
    ["b.gz", gzipSync(log(51, 50))],
  ]);
  const variants = [
    inner,
    zip([
      ["a.log", log(1, 50)],
      ["b.log", log(51, 50)],
    ]),
    gzipSync(inner),
  ];
  for (const tool of ["zstd", "bzip2", "xz"]) variants.push(packed(`two.${tool}`));
  const damage = fc.tuple(fc.nat(variants.length - 1), fc.nat(), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(damage, async ([which, place, byte]) => {
      const bytes = Buffer.from(variants[which]);
      bytes[place % bytes.length] = byte;
      const { rows, bad } = await decodeBytes(bytes);
      expect(rows.length + bad.length).toBeGreaterThan(0);
      if (bytes.equals(variants[which])) expect(bad).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
