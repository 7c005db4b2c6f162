import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { replay, type ReplayResult } from "../../src/replay.ts";
import { withoutCopies } from "../../src/source/plan.ts";
import type { SourceObject } from "../../src/source/source.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { flowreplay } from "../helpers/cli.ts";
import { withFolder } from "../helpers/folder.ts";
import { sample } from "../helpers/samples.ts";

const DEFAULT =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
/** The ways by which a record may come: names of objects, and the format each flow log was given. */
const CHANNELS = [
  {
    object: (time: string, n: number) => `123456789012_vpcflowlogs_us-east-1_fl-0aa_${time}Z_${n}.log`,
    fields: DEFAULT,
  },
  {
    object: (time: string, n: number) => `123456789012_vpcflowlogs_us-east-1_fl-0bb_${time}Z_${n}.log`,
    fields: `log-status tcp-flags end start action bytes packets protocol dstport srcport pkt-dstaddr pkt-srcaddr dstaddr srcaddr interface-id version`,
  },
  { object: (time: string, n: number) => `export-${n}_${time}Z.log`, fields: `${DEFAULT} flow-direction` },
] as const;
const KEY = [
  "interface-id",
  "srcaddr",
  "dstaddr",
  "srcport",
  "dstport",
  "protocol",
  "packets",
  "bytes",
  "start",
  "end",
];
const START = Date.parse("2025-03-04T09:00:00Z") / 1000;

type Fields = Readonly<Record<string, string>>;
interface Delivered {
  readonly record: Fields;
  /** Equal records of one flow log are several flows. */
  readonly copies: number;
  readonly channels: readonly number[];
}

const silent = { note: () => {}, progress: () => {} };
const fixed = { model: null, keepFlows: true, workers: 0, aws: {}, toolVersion: "test" };

/** Few values, so that records differ in one field only. */
const record: fc.Arbitrary<Fields> = fc
  .record({
    eni: fc.constantFrom("eni-0000000000000000a", "eni-0000000000000000b"),
    peer: fc.constantFrom(["10.0.0.1", "203.0.113.9"], ["10.0.0.1", "203.0.113.10"], ["2001:db8::1", "2001:db8::2"]),
    ports: fc.constantFrom(["443", "50000"], ["50000", "443"]),
    protocol: fc.constantFrom("6", "17"),
    packets: fc.constantFrom("1", "2"),
    bytes: fc.constantFrom("60", "-", "5000000000"),
    start: fc.integer({ min: 0, max: 12 }).map((step) => START + step * 100),
    length: fc.constantFrom(0, 59),
    action: fc.constantFrom("ACCEPT", "REJECT"),
    status: fc.constantFrom("OK", "OK", "OK", "NODATA", "SKIPDATA"),
  })
  .map(({ eni, peer, ports, start, length, status, ...rest }) => {
    const times = { "interface-id": eni, start: `${start}`, end: `${start + length}`, "log-status": status };
    if (status !== "OK") return times;
    const flow = { srcaddr: peer[0]!, dstaddr: peer[1]!, srcport: ports[0]!, dstport: ports[1]! };
    return { ...times, ...flow, ...rest, "pkt-srcaddr": peer[0]!, "tcp-flags": "2" };
  });

const delivered: fc.Arbitrary<readonly Delivered[]> = fc.uniqueArray(
  fc.record({
    record,
    copies: fc.constantFrom(1, 1, 2),
    channels: fc.subarray([0, 1, 2], { minLength: 1 }),
  }),
  { minLength: 20, maxLength: 60, selector: ({ record }) => JSON.stringify(record) },
);

/** Writes what each channel delivers, ten minutes of starts an object; copies may lie in different objects. */
function writeObjects(folder: string, deliveries: readonly Delivered[]): string[] {
  const objects = new Map<string, string[]>();
  for (const [channel, { object, fields }] of CHANNELS.entries()) {
    for (const { record, copies, channels } of deliveries) {
      if (!channels.includes(channel)) continue;
      for (let copy = 0; copy < copies; copy++) {
        const minute = Math.floor((Number(record.start) - START) / 600) * 10;
        const name = object(`20250304T09${String(minute).padStart(2, "0")}`, copy);
        const values: Fields = { version: "5", "account-id": "123456789012", "flow-direction": "egress", ...record };
        const line = fields.split(" ").map((field) => values[field] ?? "-");
        objects.set(name, [...(objects.get(name) ?? [fields]), line.join(" ")]);
      }
    }
  }
  for (const [name, lines] of objects) writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
  return [...objects.keys()];
}

async function storedRecords(db: string): Promise<string[]> {
  const evidence = await openEvidence(db);
  try {
    const sql = `select interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes,
      epoch(start_time)::bigint, epoch(end_time)::bigint, action, log_status from flows`;
    return (await evidence.run(sql)).rows.map((row) => row.map((value) => value ?? "-").join(" ")).sort();
  } finally {
    evidence.close();
  }
}

test("a record that several flow logs deliver is stored once, in however many runs and in whatever order", async () => {
  const runs = fc.array(fc.nat(2), { minLength: 18, maxLength: 18 });
  const pace = fc.constantFrom({ segmentRows: 4, commitRows: 8 }, { segmentRows: 1000, commitRows: 1000 });
  await fc.assert(
    fc.asyncProperty(delivered, runs, pace, async (deliveries, runOf, pace) => {
      await withFolder(async (folder) => {
        mkdirSync(join(folder, "logs"));
        const objects = writeObjects(join(folder, "logs"), deliveries);
        const expected = deliveries.flatMap(({ record, copies }) =>
          Array.from({ length: copies }, () =>
            [...KEY, "action", "log-status"].map((field) => record[field] ?? "-").join(" "),
          ),
        );
        const db = join(folder, "evidence.duckdb");
        for (let run = 0; run < 3; run++) {
          const sources = objects.filter((_, at) => runOf[at] === run).map((name) => join(folder, "logs", name));
          if (sources.length > 0) await replay({ ...fixed, sources, db, pace }, silent);
        }
        expect(await storedRecords(db)).toEqual(expected.sort());
      });
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

async function replayNoting(folder: string, sources: string[], more = {}): Promise<ReplayResult & { notes: string[] }> {
  const notes: string[] = [];
  const options = { ...fixed, sources, db: join(folder, "evidence.duckdb"), ...more };
  const result = await replay(options, { ...silent, note: (text) => void notes.push(text) });
  return { ...result, notes };
}

test("the same traffic in two formats, one run after the other", async () => {
  await withFolder(async (folder) => {
    const first = await replayNoting(folder, [sample("production-vpc/v2")]);
    const second = await replayNoting(folder, [sample("production-vpc/v5")]);
    expect([first.records, first.duplicates, second.records, second.duplicates]).toEqual([15_855, 0, 0, 15_855]);
  });
});

test("copies of objects under other names add nothing, in one run or later, whole or cut short", async () => {
  await withFolder(async (folder) => {
    const [original, copied, later] = ["original", "copied", "later"].map((name) => join(folder, name));
    for (const copy of [original!, copied!, later!]) cpSync(sample("production-vpc/v2"), copy, { recursive: true });
    const both = await replayNoting(folder, [original!, copied!]);
    expect([both.records, both.duplicates]).toEqual([15_855, 15_855]);
    const [name] = readdirSync(later!, { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".gz"));
    const file = join(later!, name!);
    const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
    const records = lines.length - 1;
    writeFileSync(file, gzipSync(lines.slice(0, 500).join("\n")));
    const again = await replayNoting(folder, [later!]);
    expect([again.records, again.duplicates]).toEqual([0, 15_855 - records + 499]);
  });
});

test("standard input that comes twice, or again as a file, adds nothing", async () => {
  await withFolder(async (cwd) => {
    const file = sample("two-records/flow.log");
    const input = readFileSync(file, "utf8");
    for (const source of ["-", "-", file]) {
      expect(flowreplay(["replay", source], { cwd, input })).toMatchObject({ code: 0 });
    }
    const { stdout } = flowreplay(["query", "select count(*) as n from flows", "--output", "csv"], { cwd });
    expect(stdout).toBe("n\n2\n");
  });
});

test("what only bears the name of a delivered object is read", async () => {
  await withFolder(async (folder) => {
    const name = "123456789012_vpcflowlogs_us-east-1_fl-0aa_20250304T0900Z_1.log";
    for (const [at, place] of ["a", "b"].entries()) {
      mkdirSync(join(folder, place));
      const line = `2 123456789012 eni-0a 10.0.0.1 10.0.0.2 5000${at} 443 6 1 60 ${START} ${START} ACCEPT OK\n`;
      writeFileSync(join(folder, place, name), line);
    }
    expect(await replayNoting(folder, [join(folder, "a"), join(folder, "b")])).toMatchObject({ records: 2 });
  });
});

test.each([
  ["the same ETag", "1", ["s3://a/"]],
  ["another ETag", "2", ["s3://a/", "s3://b/"]],
])("a second key of a delivered object with %s", (_, etag, read) => {
  const name = "123456789012_vpcflowlogs_us-east-1_fl-0aa_20250304T0900Z_1.log.gz";
  const object = (bucket: string, etag: string): SourceObject => ({
    name: `${bucket}${name}`,
    size: 9,
    etag,
    time: 0,
    kind: "s3",
  });
  const notes: string[] = [];
  const events = { note: (text: string) => void notes.push(text), retry: () => {} };
  const kept = withoutCopies([object("s3://a/", "1"), object("s3://b/", etag)], [], events);
  expect(kept.map((one) => one.name)).toEqual(read.map((bucket) => `${bucket}${name}`));
  expect(notes).toHaveLength(2 - kept.length);
  expect(withoutCopies([object("s3://c/", "1")], kept, events)).toEqual([]);
});

test("says that records without rows cannot be recognised", async () => {
  await withFolder(async (folder) => {
    await replayNoting(folder, [sample("production-vpc/v2")], { keepFlows: false });
    const { notes } = await replayNoting(folder, [sample("production-vpc/v5")]);
    expect(notes).toEqual([expect.stringMatching(/--no-flows.*not recognised$/)]);
  });
});

test("windows that overlap in any way lose and double nothing", async () => {
  const minute = fc.integer({ min: -30, max: 60 });
  const windows = fc.array(fc.tuple(minute, minute), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(windows, async (windows) => {
      await withFolder(async (folder) => {
        let records = 0;
        for (const [from, to] of [...windows, [-1000, 1000]]) {
          const window = { from: START + Math.min(from!, to!) * 60, to: START + Math.max(from!, to!) * 60 };
          records += (await replayNoting(folder, [sample("production-vpc/v2")], window)).records;
        }
        const places = "select count(distinct (source_object, line))::int, count(*)::int from flows";
        const evidence = await openEvidence(join(folder, "evidence.duckdb"));
        const { rows } = await evidence.run(places);
        evidence.close();
        expect([records, ...rows[0]!]).toEqual([15_855, 15_855, 15_855]);
      });
    }),
    { numRuns: 4, endOnFailure: true },
  );
});
