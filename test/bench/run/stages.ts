import { copyFileSync, createReadStream, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { ByteDictionary } from "../../../src/decode/dense/dictionary.ts";
import { FurtherSets } from "../../../src/decode/dense/further-sets.ts";
import { BATCH_ROWS, FlowBatch } from "../../../src/decode/flow-batch.ts";
import { inflate } from "../../../src/decode/containers/gzip.ts";
import { createTextDecoder } from "../../../src/decode/text.ts";
import { createEvaluator } from "../../../src/evaluate/evaluator.ts";
import { createLookupTable, type LookedUpBatch } from "../../../src/evaluate/lookup/policy-lookup.ts";
import { createInitiatorRules } from "../../../src/evaluate/judge/initiator.ts";
import { createBatchLookup } from "../../../src/evaluate/lookup/batch-lookup.ts";
import { factColumns } from "../../../src/store/columns.ts";
import { createEvidenceSession } from "../../../src/replay/evidence-session.ts";
import { checkEvidence } from "./check.ts";
import { secondsSince } from "./process.ts";
import { DATA_FOLDER, type Prepared } from "./scenario.ts";

/** As replay.ts cuts them. */
const SEGMENT_BATCHES = 262_144 / BATCH_ROWS;
const CHUNK = 1 << 18;

/** Seconds of each stage, one after the other on one thread. */
export type StageSeconds = Readonly<Record<"gunzip" | "decode" | "read policy" | "evaluate" | "store", number>>;

interface DecodedObject {
  readonly batches: readonly FlowBatch[];
  readonly records: number;
}

/**
 * Takes a default-format scenario through every stage alone and checks the evidence. All its batches are held at once,
 * so it must not be large. Without threads: the sum is what one core would take.
 */
export async function timeStages({ objects, model: folder, truth }: Prepared): Promise<StageSeconds> {
  const db = join(DATA_FOLDER, "stages.duckdb");
  // The compiled benchmark has no SQL beside it to make one.
  copyFileSync("dist/store/empty.duckdb", db);
  const writer = createEvidenceSession();
  await writer.readModel(folder, false);
  const state = await writer.open(db);
  const policy = await writer.begin({ keepFlows: true });
  await writer.startRun({
    startedAt: new Date(),
    arguments: "{}",
    model: folder,
    toolVersion: "bench",
  });

  const gunzip = await timed(async () => {
    for (const path of objects) for await (const _ of inflate(createReadStream(path, { highWaterMark: CHUNK })));
  });

  const interfaces = new ByteDictionary(policy.interfaceIds);
  const accounts = new ByteDictionary();
  const decoded: DecodedObject[] = [];
  let decode = 0;
  for (const path of objects) {
    const text = gunzipSync(readFileSync(path));
    decode += await timed(() => {
      const batches: FlowBatch[] = [];
      const sink = {
        allocate: () => new FlowBatch(),
        batch: (batch: FlowBatch) => void batches.push(batch),
        badLine() {},
      };
      const decoder = createTextDecoder({ interfaces, accounts, further: new FurtherSets(), sink });
      for (let from = 0; from < text.length; from += CHUNK) decoder.push(text.subarray(from, from + CHUNK));
      decoder.finish();
      decoded.push({ batches, records: decoder.totals().records });
    });
  }

  const table = createLookupTable();
  const read: (LookedUpBatch & { objectId: number })[] = [];
  const readPolicy = await timed(() => {
    const lookup = createBatchLookup(policy, table);
    for (const [objectId, { batches }] of decoded.entries()) {
      for (const batch of batches) {
        const lookups = new Uint32Array(BATCH_ROWS);
        lookup.lookUp(batch, lookups);
        read.push({ batch, lookups, objectId });
      }
    }
  });

  const evaluator = createEvaluator(
    table,
    createInitiatorRules(policy.namedPorts.tcp, policy.namedPorts.udp),
    policy.ruleIds,
    {
      insideBlocks: policy.insideBlocks,
      firstJudgement: state.nextJudgement,
      firstRuleSet: state.nextRuleSet,
    },
  );
  const out = Array.from({ length: SEGMENT_BATCHES }, () => new Uint32Array(BATCH_ROWS));
  let evaluate = 0;
  let store = 0;
  for (let from = 0; from < read.length; from += SEGMENT_BATCHES) {
    const segment = read.slice(from, from + SEGMENT_BATCHES);
    evaluate += await timed(() => {
      for (const one of segment) evaluator.observe(one);
      evaluator.judgeSegment(out);
    });
    store += await timed(async () => {
      for (const [at, { batch, objectId }] of segment.entries()) await writer.appendFlows(objectId, batch, out[at]);
    });
  }
  const times = { firstTime: null, lastTime: null, time: null };
  const finished = decoded.map(({ records }, objectId) => ({
    ...times,
    objectId,
    name: objects[objectId],
    etag: "",
    size: 0,
    records,
    badLines: 0,
    duplicates: 0,
  }));
  store += await timed(async () => {
    await writer.appendFacts(factColumns(evaluator));
    await writer.prepare({
      judgements: evaluator.judgements,
      ruleSets: evaluator.ruleSets,
      interfaces: interfaces.strings,
      accounts: accounts.strings,
      further: [],
    });
    const { entries, ...frame } = evaluator.exportState();
    await writer.replaceTracker(frame);
    for (const chunk of entries) await writer.appendTracker(chunk);
    await writer.finishRun(finished, { state: "complete", retries: 0, evicted: 0 });
    await writer.close();
  });
  await checkEvidence(db, truth);
  rmSync(db);
  return { gunzip, decode, "read policy": readPolicy, evaluate, store };
}

async function timed(work: () => void | Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return secondsSince(started);
}
