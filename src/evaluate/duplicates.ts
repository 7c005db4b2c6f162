import {
  ACTION_MASK,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TIMES,
  keepOthers,
  removeRows,
  STATUS_OK,
  STATUS_SHIFT,
} from "../decode/flow-batch.ts";
import { IPV6 } from "../net/address.ts";
import type { LookedUpBatch } from "./lookup/policy-lookup.ts";

/** Records are remembered and looked up by the five minutes in which they start. */
export const BUCKET_SECONDS = 300;

/**
 * Recognises records that two overlapping flow logs delivered: equal in interface, addresses, ports, protocol, counts,
 * times and action, by different channels (flow logs, log groups). A record belongs to the channel that delivered it
 * first. Equal records of one channel are not touched: one line of the default format may stand for several flows.
 */
export interface DuplicateFilter {
  /** Removes from the batch what another channel (0, 1, 2, …) has delivered already; returns how many rows went. */
  filter(read: LookedUpBatch, channel: number): Promise<number>;
}

/** What the evidence file holds of some buckets, as far as it matters here. */
export interface StoredIdentities {
  readonly rows: number;
  /** `identity` before `addAnswer`. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly start: Uint32Array;
  readonly objectId: Uint32Array;
  readonly judgement: Uint32Array;
}

export interface DuplicateFilterOptions {
  /** Whether records that start in the bucket may be stored. */
  mayBeStored(bucket: number): boolean;
  /** Every stored record of these buckets, also what this run has kept but for its last `hotRows` rows. */
  load(buckets: readonly number[]): Promise<StoredIdentities>;
  channelOf(objectId: number): number;
  /** Action and status bits of a judgement. */
  answerOf(judgement: number): number;
  /** Number of the interface `-`; -1 while there is none. */
  unnamed(): number;
  /**
   * Places for records, ten bytes each and half of them taken, before the buckets not used for longest are given up, to
   * be loaded again when they are needed.
   */
  readonly keptPlaces?: number;
  readonly hotRows?: number;
}

const KEPT_PLACES = 1 << 23;
/** More than the rows that are judged but not yet stored. */
const HOT_ROWS = 1 << 21;

interface Bucket {
  readonly seen: ChannelTable;
  /** Rows kept when it was last used, or a few more. */
  used: number;
}

export function createDuplicateFilter(options: DuplicateFilterOptions): DuplicateFilter {
  const { keptPlaces = KEPT_PLACES, hotRows = HOT_ROWS } = options;
  const buckets = new Map<number, Bucket>();
  const givenUp = new Set<number>();
  const removed = new Int32Array(1 << 13);
  const memory = { places: 0 };
  let keptRows = 0;

  /** Makes the buckets of a batch, with what is stored of them. */
  const prepare = async (batch: FlowBatch, unnamed: number): Promise<void> => {
    const missing = new Set<number>();
    for (let row = 0, last = -1; row < batch.rows; row++) {
      const bucket = bucketOf(batch.start[row]);
      if (bucket === last || !isIdentifiable(batch, row, unnamed)) continue;
      if (!buckets.has(bucket)) missing.add(bucket);
      last = bucket;
    }
    for (const bucket of missing) buckets.set(bucket, { seen: createChannelTable(memory), used: keptRows });
    const stored = [...missing].filter((bucket) => givenUp.delete(bucket) || options.mayBeStored(bucket));
    if (stored.length === 0) return;
    const { rows, low, high, start, objectId, judgement } = await options.load(stored);
    for (let row = 0; row < rows; row++) {
      identity.low = low[row];
      identity.high = high[row];
      addAnswer(options.answerOf(judgement[row]));
      buckets.get(bucketOf(start[row]))!.seen.claim(identity.low, identity.high, options.channelOf(objectId[row]) + 1);
    }
  };

  const forget = (): void => {
    if (memory.places <= keptPlaces) return;
    const oldest = [...buckets].sort(([, a], [, b]) => a.used - b.used);
    for (const [bucket, { seen, used }] of oldest) {
      if (memory.places <= keptPlaces / 2 || keptRows - used < hotRows) return;
      memory.places -= seen.places;
      buckets.delete(bucket);
      givenUp.add(bucket);
    }
  };

  return {
    async filter(read, channel) {
      const { batch, lookups } = read;
      const unnamed = options.unnamed();
      await prepare(batch, unnamed);
      let count = 0;
      let current = -1;
      let bucket: Bucket | undefined;
      for (let row = 0; row < batch.rows; row++) {
        if (!isIdentifiable(batch, row, unnamed)) continue;
        const number = bucketOf(batch.start[row]);
        if (number !== current) bucket = buckets.get((current = number))!;
        bucket!.used = keptRows + batch.rows;
        hashIdentity(batch, row);
        addAnswer(batch.bits[row]);
        if (bucket!.seen.claim(identity.low, identity.high, channel + 1) !== channel + 1) removed[count++] = row;
      }
      if (count > 0) {
        keepOthers(lookups, batch.rows, removed.subarray(0, count));
        removeRows(batch, removed.subarray(0, count));
      }
      // Only rows that go on push others towards the store.
      keptRows += batch.rows;
      forget();
      return count;
    },
  };
}

/** `start` in Unix seconds. */
export function bucketOf(start: number): number {
  return Math.floor(start / BUCKET_SECONDS);
}

/** Which channel delivered a record first. */
interface ChannelTable {
  readonly places: number;
  /** The channel (1, 2, …) that has the record; the one given, where nobody had it. */
  claim(low: number, high: number, channel: number): number;
}

function createChannelTable(memory: { places: number }): ChannelTable {
  let capacity = 1 << 6;
  let words = new Int32Array(capacity * 2);
  let channels = new Uint16Array(capacity);
  let size = 0;
  memory.places += capacity;
  const place = (low: number, high: number): number => {
    let at = low & (capacity - 1);
    while (channels[at] !== 0 && (words[at * 2] !== low || words[at * 2 + 1] !== high)) at = (at + 1) & (capacity - 1);
    return at;
  };
  const put = (at: number, low: number, high: number, channel: number): void => {
    words[at * 2] = low;
    words[at * 2 + 1] = high;
    channels[at] = channel;
  };
  const grow = (): void => {
    const old = { words, channels };
    memory.places += capacity;
    capacity *= 2;
    words = new Int32Array(capacity * 2);
    channels = new Uint16Array(capacity);
    old.channels.forEach((channel, at) => {
      const [low, high] = [old.words[at * 2], old.words[at * 2 + 1]];
      if (channel !== 0) put(place(low, high), low, high, channel);
    });
  };
  return {
    get places() {
      return capacity;
    },
    claim(low, high, channel) {
      const at = place(low, high);
      if (channels[at] !== 0) return channels[at];
      put(at, low, high, channel);
      if (++size * 2 > capacity) grow();
      return channel;
    },
  };
}

/** The bits of a row that only its judgement keeps once it is stored: action and log status. */
const ANSWER_BITS = ACTION_MASK | (3 << STATUS_SHIFT);

const FAMILY = 3 << FAMILY_SHIFT;
const NAMED = HAS_PORTS | HAS_PROTOCOL;
const PRESENCE = FAMILY | NAMED | HAS_PACKETS | HAS_BYTES;

/** 64 bits over what makes two records the same: written by `hashIdentity` and `addAnswer`. One object serves all rows. */
export const identity = { low: 0, high: 0 };

/**
 * Whether a record tells enough to be recognised when another flow log delivers it again: interface, times, and, unless
 * it stands for an interval without data, addresses, ports, protocol and action. `unnamed` is the number of the
 * interface `-`.
 */
function isIdentifiable(batch: FlowBatch, row: number, unnamed: number): boolean {
  const bits = batch.bits[row];
  if ((bits & HAS_TIMES) === 0 || batch.interfaceId[row] === unnamed) return false;
  if (((bits >>> STATUS_SHIFT) & 3) !== STATUS_OK) return true;
  return (bits & NAMED) === NAMED && (bits & FAMILY) !== 0 && (bits & ACTION_MASK) !== 0;
}

/**
 * Starts the identity of a row: its interface and times, addresses, ports, protocol and counts as far as it has them.
 * What a record lacks is part of it, so a record without bytes is never taken for one that has them.
 */
export function hashIdentity(batch: FlowBatch, row: number): void {
  const bits = batch.bits[row];
  identity.low = 0x9e3779b1;
  identity.high = 0x85ebca6b;
  mix(batch.interfaceId[row]);
  mix(batch.start[row]);
  // As it is stored: no record ends before it starts.
  mix(Math.max(batch.start[row], batch.end[row]));
  mix(bits & PRESENCE);
  if ((bits & FAMILY) !== 0) {
    mixAddress(batch, batch.src[row], bits);
    mixAddress(batch, batch.dst[row], bits);
  }
  if ((bits & HAS_PORTS) !== 0) mix((batch.srcPort[row] << 16) | batch.dstPort[row]);
  if ((bits & HAS_PROTOCOL) !== 0) mix(batch.protocol[row]);
  if ((bits & HAS_PACKETS) !== 0) mixCount(batch.packets[row]);
  if ((bits & HAS_BYTES) !== 0) mixCount(batch.bytes[row]);
}

/** EndpointFanIn it: `bits` hold action and log status (`ANSWER_BITS`). */
function addAnswer(bits: number): void {
  mix(bits & ANSWER_BITS);
}

function mixAddress(batch: FlowBatch, address: number, bits: number): void {
  if (((bits >>> FAMILY_SHIFT) & 3) !== IPV6) return mix(address);
  for (let word = 0; word < 4; word++) mix(batch.addr6[address + word]);
}

function mixCount(count: number): void {
  mix(count);
  mix(count / 4_294_967_296);
}

function mix(value: number): void {
  identity.low = Math.imul(identity.low ^ value, 0xc2b2ae35);
  identity.low ^= identity.low >>> 15;
  identity.high = Math.imul(identity.high ^ value, 0x27d4eb2f) + identity.low;
  identity.high ^= identity.high >>> 13;
}
