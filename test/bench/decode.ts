// How fast bytes become columns: node .bench/test/bench/decode.js [records]
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { ByteDictionary } from "../../src/decode/dense/dictionary.ts";
import { FurtherSets } from "../../src/decode/dense/further-sets.ts";
import { ACTION_ACCEPT, ACTION_MASK, FlowBatch } from "../../src/decode/flow-batch.ts";
import { inflate } from "../../src/decode/containers/gzip.ts";
import { decodeObject } from "../../src/decode/object.ts";
import { createTextDecoder } from "../../src/decode/text.ts";
import { DEFAULTS, generate, type GenerateOptions } from "./generate/generate.ts";

const ROUNDS = 5;

/** A sink that counts and gives its batches back. */
function createCounter() {
  const spare: FlowBatch[] = [];
  const counts = { records: 0, accepted: 0, bad: 0 };
  return {
    counts,
    interfaces: new ByteDictionary(),
    accounts: new ByteDictionary(),
    further: new FurtherSets(),
    sink: {
      allocate: () => spare.pop() ?? new FlowBatch(),
      batch(batch: FlowBatch) {
        counts.records += batch.rows;
        for (let row = 0; row < batch.rows; row++) {
          if ((batch.bits[row] & ACTION_MASK) === ACTION_ACCEPT) counts.accepted++;
        }
        spare.push(batch);
      },
      badLine: () => void counts.bad++,
    },
  };
}

type Way = (paths: readonly string[], texts: readonly Uint8Array[]) => Promise<{ records: number; accepted: number }>;

const readObject = (path: string): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: 1 << 18 });

const WAYS: Record<string, Way> = {
  async "gunzip alone (newlines counted)"(paths) {
    let records = -paths.length;
    for (const path of paths) {
      for await (const chunk of inflate(readObject(path))) {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) records++;
      }
    }
    return { records, accepted: NaN };
  },
  async "tokenise alone"(_, texts) {
    const counter = createCounter();
    for (const text of texts) {
      const decoder = createTextDecoder(counter);
      for (let from = 0; from < text.length; from += 1 << 18) decoder.push(text.subarray(from, from + (1 << 18)));
      decoder.finish();
    }
    return counter.counts;
  },
  async "gunzip and tokenise"(paths) {
    const counter = createCounter();
    for (const path of paths) await decodeObject(readObject(path), counter);
    return counter.counts;
  },
  async "split() into strings, numbers parsed"(_, texts) {
    let records = 0;
    let accepted = 0;
    let sum = 0;
    for (const text of texts) {
      for (const line of Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1").split("\n")) {
        const fields = line.split(" ");
        if (fields.length < 14 || fields[0] === "version") continue;
        records++;
        if (fields[12] === "ACCEPT") accepted++;
        for (const field of [5, 6, 7, 8, 9, 10, 11]) sum += Number(fields[field]);
      }
    }
    return { records: sum === 0 ? 0 : records, accepted };
  },
};

async function measure(name: string, options: Partial<GenerateOptions>): Promise<void> {
  const out = mkdtempSync(join(tmpdir(), "flowreplay-bench-"));
  try {
    const truth = await generate({ ...DEFAULTS, ...options, out });
    const logs = join(out, "AWSLogs");
    const paths = readdirSync(logs, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".gz"))
      .sort()
      .map((file) => join(logs, file));
    const texts = paths.map((path) => gunzipSync(readFileSync(path)));
    console.log(
      `\n${name}: ${truth.records} records, ${(truth.uncompressedBytes / truth.records).toFixed(0)} bytes each`,
    );
    for (const [way, run] of Object.entries(WAYS)) {
      let best = Infinity;
      let bestCpu = Infinity;
      for (let round = 0; round < ROUNDS; round++) {
        const started = performance.now();
        const used = process.cpuUsage();
        const { records, accepted } = await run(paths, texts);
        best = Math.min(best, performance.now() - started);
        const { user, system } = process.cpuUsage(used);
        bestCpu = Math.min(bestCpu, (user + system) / 1000);
        const right = records === truth.records && (Number.isNaN(accepted) || accepted === truth.accepted);
        if (!right)
          throw new Error(
            `${way}: ${records} records and ${accepted} ACCEPT, not ${truth.records} and ${truth.accepted}`,
          );
      }
      // The second figure counts the time of all threads; neighbours on the machine disturb it less.
      const rate = (milliseconds: number): string => (truth.records / milliseconds / 1000).toFixed(2).padStart(5);
      console.log(`  ${way.padEnd(38)} ${rate(best)} M records/s, ${rate(bestCpu)} per second of CPU`);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

const records = Number(process.argv[2] ?? 1_000_000);
console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}, best of ${ROUNDS} rounds`);
await measure("default format", { records, ipv6: 0 });
await measure("default format, 3 % IPv6", { records });
await measure("v5, 25 fields, 3 % IPv6", { records: records / 2, format: "v5" });
