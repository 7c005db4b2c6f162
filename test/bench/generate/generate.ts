import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import { describeConfiguration } from "./describe.ts";
import { ACCOUNT, planPolicy, type Policy, REGION } from "./policy.ts";
import { createRandom, idOf } from "./random.ts";
import { createRecordEncoder, type Format, HEADERS } from "./record-encoder.ts";
import { createRecordWriter } from "./record-writer.ts";
import { planTopology, type Topology } from "./topology.ts";
import { createTraffic, type Flow, type TrafficOptions } from "./traffic.ts";
import { createTally, type Truth } from "./truth.ts";

export interface GenerateOptions extends TrafficOptions {
  /** Folder that receives `AWSLogs/`, `config/` and `truth.json`. */
  readonly out: string;
  readonly records: number;
  readonly objects: number;
  /** Objects of each five-minute slot. */
  readonly objectsPerSlot: number;
  readonly interfaces: number;
  /** Security group rules that an interface meets; never fewer than the traffic needs (7 to 11). */
  readonly rules: number;
  readonly seed: number;
  readonly format: Format;
  /** Unix seconds of the first slot. */
  readonly start: number;
  readonly gzipLevel: number;
}

export const DEFAULTS: Omit<GenerateOptions, "out"> = {
  records: 2_000_000,
  objects: 40,
  objectsPerSlot: 2,
  interfaces: 200,
  rules: 20,
  seed: 1,
  format: "v2",
  start: Date.UTC(2025, 10, 1) / 1000,
  // Level 1 packs these records 5 times and is four times as fast as level 6.
  gzipLevel: 1,
  scanners: 0.05,
  admittedScanners: 0,
  scannerSources: 2000,
  ipv6: 0.03,
};

const SLOT_SECONDS = 300;
/** In thousandths: connections that live on into later slots, and events that are a NODATA record. */
const LONG_LIVED = 60;
const NO_DATA = 3;
const MOST_SLOTS = 6;
const OBJECTS_UNDER_WAY = 3;
/** Records of one event at most. */
const MOST_RECORDS = 4;

/** Writes flow log objects and the configuration that explains them; the same options give the same bytes. */
export async function generate(options: GenerateOptions): Promise<Truth> {
  const topology = planTopology(options.interfaces, options.seed);
  const policy = planPolicy(topology, options.rules, options.seed);
  await mkdir(join(options.out, "config"), { recursive: true });
  for (const [name, content] of Object.entries(describeConfiguration(topology, policy))) {
    await writeFile(join(options.out, "config", name), JSON.stringify(content));
  }
  const truth = await writeObjects(options, topology, policy);
  const { out: _, ...rest } = options;
  await writeFile(join(options.out, "truth.json"), `${JSON.stringify({ options: rest, ...truth }, null, 1)}\n`);
  return truth;
}

async function writeObjects(options: GenerateOptions, topology: Topology, policy: Policy): Promise<Truth> {
  const { records, seed } = options;
  const perObject = Math.ceil(records / options.objects);
  const tally = createTally(topology, policy);
  const output = createRecordWriter(seed + 1);
  const encoder = createRecordEncoder(topology, options.format, seed + 2, output, tally);
  const events = createEvents(options, topology, policy, (flow) => tally.opened(flow));
  const header = new TextEncoder().encode(`${HEADERS[options.format]}\n`);
  // Room for some megabytes, so that packing goes on beside generating.
  const gzipOptions = { level: options.gzipLevel, chunkSize: 1 << 18, writableHighWaterMark: 1 << 23 };
  const writing: Promise<void>[] = [];
  let object = 0;
  for (; tally.records < records; object++) {
    const slot = options.start + Math.floor(object / options.objectsPerSlot) * SLOT_SECONDS;
    const last = Math.min(records, (object + 1) * perObject);
    const path = join(options.out, objectKey(options, slot, object));
    await mkdir(dirname(path), { recursive: true });
    const gzip = createGzip(gzipOptions);
    writing.push(pipeline(gzip, createWriteStream(path)));
    if (writing.length >= OBJECTS_UNDER_WAY) await writing.shift();
    gzip.write(header);
    if (object % options.objectsPerSlot === 0) events.nextSlot();
    while (tally.records < last) {
      const event = events.next(records - tally.records < MOST_RECORDS);
      const full = event
        ? encoder.minute(event.flow, slot + 60 * event.minute, event.clientFlags, event.serverFlags)
        : encoder.noData(slot);
      if (full && !gzip.write(output.take())) await once(gzip, "drain");
    }
    gzip.end(output.take());
  }
  await Promise.all(writing);
  return tally.finish(object, output.written + object * header.length);
}

/** A flow and the flags that its records of one minute carry. */
interface Event {
  readonly flow: Flow;
  /** Of the slot. */
  readonly minute: number;
  readonly clientFlags: number;
  readonly serverFlags: number;
}

interface Events {
  /** From now on records of the next slot: those of long connections come first. */
  nextSlot(): void;
  /** The next thing to write, null for a NODATA record; `single`: something that leaves exactly one record. */
  next(single: boolean): Event | null;
}

/** New connections, and further parts of those that live through several slots. */
function createEvents(
  options: GenerateOptions,
  topology: Topology,
  policy: Policy,
  opened: (flow: Flow) => void,
): Events {
  const random = createRandom(options.seed + 3);
  const traffic = createTraffic(topology, policy, options, options.seed + 4);
  const living: { flow: Flow; minute: number; slotsLeft: number }[] = [];
  // A slot has room for all of them and as much again.
  const mostLiving = Math.floor((options.records / options.objects) * options.objectsPerSlot) / (MOST_RECORDS * 2);
  let next = 0;
  const open = (flow: Flow): Event => {
    opened(flow);
    const minute = random.below(SLOT_SECONDS / 60);
    const canLast = flow.protocol === 6 && flow.serverFlags === 19;
    if (!canLast || living.length >= mostLiving || random.below(1000) >= LONG_LIVED)
      return { flow, minute, clientFlags: flow.clientFlags, serverFlags: flow.serverFlags };
    living.push({ flow, minute, slotsLeft: 1 + random.below(MOST_SLOTS) });
    next = living.length;
    return { flow, minute, clientFlags: 2, serverFlags: 18 };
  };
  return {
    nextSlot() {
      next = 0;
    },
    next(single) {
      if (single) return open(traffic.probe());
      if (next >= living.length) return random.below(1000) < NO_DATA ? null : open(traffic.next());
      // The same minute of each slot: never idle for 350 s, the shortest time after which AWS forgets a connection.
      const { flow, minute } = living[next];
      if (--living[next].slotsLeft > 0) {
        next++;
        return { flow, minute, clientFlags: 0, serverFlags: 0 };
      }
      const last = living.pop()!;
      if (next < living.length) living[next] = last;
      return { flow, minute, clientFlags: 1, serverFlags: 1 };
    },
  };
}

/** Key as AWS lays objects out: by account, service, region and day; the name's time is the start of the slot. */
function objectKey(options: GenerateOptions, slot: number, object: number): string {
  const [day, time] = new Date(slot * 1000).toISOString().split("T");
  const stamp = `${day.replaceAll("-", "")}T${time.slice(0, 5).replace(":", "")}Z`;
  const hash = idOf(options.seed, "object", object).slice(-8);
  const name = `${ACCOUNT}_vpcflowlogs_${REGION}_${idOf(options.seed, "fl", 0)}_${stamp}_${hash}.log.gz`;
  return join("AWSLogs", ACCOUNT, "vpcflowlogs", REGION, ...day.split("-"), name);
}
