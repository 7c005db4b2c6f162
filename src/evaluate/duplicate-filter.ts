import {
  ACTION_ACCEPT,
  ACTION_MASK,
  ACTION_REJECT,
  FAMILY_SHIFT,
  type FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TIMES,
  keepOthers,
  removeRows,
  STATUS_NODATA,
  STATUS_OK,
  STATUS_SHIFT,
  STATUS_SKIPDATA,
} from "../decode/flow-batch.ts";
import { IPV6 } from "../net/address.ts";
import type { LookedUpBatch } from "./lookup/policy-lookup.ts";

/** Records are kept and compared by the five minutes in which they start. */
export const BUCKET_SECONDS = 300;

/**
 * Recognises records that two overlapping flow logs delivered: equal in interface, addresses, ports, protocol, counts,
 * times and action, from different channels (flow logs, log groups). A record belongs to the channel that delivered it
 * first. Equal records of one channel are all kept: one line of the default format may stand for several flows.
 */
export interface DuplicateFilter {
  /** Removes from the batch what another channel (0, 1, 2, …) has delivered already. Returns the number of removed rows. */
  filter(read: LookedUpBatch, channel: number): Promise<number>;
}

/** What the evidence file holds of some buckets. */
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
  /** Every stored record of these buckets, and those that this run kept except for its last `hotRows` rows. */
  load(buckets: readonly number[]): Promise<StoredIdentities>;
  channelOf(objectId: number): number;
  /** Action and status bits of a judgement. */
  answerOf(judgement: number): number;
  /** Number of the interface `-`; -1 while there is none. */
  unnamed(): number;
  /**
   * Slots for records, ten bytes each, half of them in use. When there are more, the buckets not used for longest are
   * evicted, and loaded again when they are needed.
   */
  readonly maxSlots?: number;
  readonly hotRows?: number;
}

const MAX_SLOTS = 1 << 23;
/** More than the rows that are judged but not yet stored. */
const HOT_ROWS = 1 << 21;

interface Bucket {
  readonly owners: ChannelTable;
  /** Rows kept when it was last used, or a few more. */
  used: number;
}

export function createDuplicateFilter(options: DuplicateFilterOptions): DuplicateFilter {
  const { maxSlots = MAX_SLOTS, hotRows = HOT_ROWS } = options;
  const buckets = new Map<number, Bucket>();
  const evicted = new Set<number>();
  const removed = new Int32Array(1 << 13);
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
    for (const bucket of missing) buckets.set(bucket, { owners: new ChannelTable(), used: keptRows });
    const stored = [...missing].filter((bucket) => evicted.delete(bucket) || options.mayBeStored(bucket));
    if (stored.length === 0) return;
    const { rows, low, high, start, objectId, judgement } = await options.load(stored);
    for (let row = 0; row < rows; row++) {
      identity.low = low[row];
      identity.high = high[row];
      addAnswer(options.answerOf(judgement[row]));
      buckets
        .get(bucketOf(start[row]))!
        .owners.claim(identity.low, identity.high, options.channelOf(objectId[row]) + 1);
    }
  };

  const evict = (): void => {
    let slots = 0;
    for (const { owners } of buckets.values()) slots += owners.slots;
    if (slots <= maxSlots) return;
    const oldest = [...buckets].sort(([, a], [, b]) => a.used - b.used);
    for (const [bucket, { owners, used }] of oldest) {
      if (slots <= maxSlots / 2 || keptRows - used < hotRows) return;
      slots -= owners.slots;
      buckets.delete(bucket);
      evicted.add(bucket);
    }
  };

  return {
    async filter({ batch, lookups }, channel) {
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
        if (bucket!.owners.claim(identity.low, identity.high, channel + 1) !== channel + 1) removed[count++] = row;
      }
      if (count > 0) {
        keepOthers(lookups, batch.rows, removed.subarray(0, count));
        removeRows(batch, removed.subarray(0, count));
      }
      // Only rows that are kept push others towards the store.
      keptRows += batch.rows;
      evict();
      return count;
    },
  };
}

/** `start` in Unix seconds. */
export function bucketOf(start: number): number {
  return Math.floor(start / BUCKET_SECONDS);
}

/** Which channel (1, 2, …) delivered a record first, by its identity. */
class ChannelTable {
  slots = 1 << 6;
  private words = new Int32Array(this.slots * 2);
  private channels = new Uint16Array(this.slots);
  private size = 0;

  /** The channel that has the record; `channel`, if no other had it. */
  claim(low: number, high: number, channel: number): number {
    const at = this.slotOf(low, high);
    if (this.channels[at] !== 0) return this.channels[at];
    this.put(at, low, high, channel);
    if (++this.size * 2 > this.slots) this.grow();
    return channel;
  }

  private slotOf(low: number, high: number): number {
    const { words, channels } = this;
    const mask = this.slots - 1;
    let at = low & mask;
    while (channels[at] !== 0 && (words[at * 2] !== low || words[at * 2 + 1] !== high)) at = (at + 1) & mask;
    return at;
  }

  private put(at: number, low: number, high: number, channel: number): void {
    this.words[at * 2] = low;
    this.words[at * 2 + 1] = high;
    this.channels[at] = channel;
  }

  private grow(): void {
    const { words, channels } = this;
    this.slots *= 2;
    this.words = new Int32Array(this.slots * 2);
    this.channels = new Uint16Array(this.slots);
    channels.forEach((channel, at) => {
      const [low, high] = [words[at * 2], words[at * 2 + 1]];
      if (channel !== 0) this.put(this.slotOf(low, high), low, high, channel);
    });
  }
}

/** The bits of a row that only its judgement keeps once it is stored: action and log status. */
const ANSWER_BITS = ACTION_MASK | (3 << STATUS_SHIFT);

/** These bits from what a judgement keeps. */
export function answerBits(action: string | null, logStatus: string | null): number {
  const actionBits = action === "ACCEPT" ? ACTION_ACCEPT : action === "REJECT" ? ACTION_REJECT : 0;
  const status = logStatus === "NODATA" ? STATUS_NODATA : logStatus === "SKIPDATA" ? STATUS_SKIPDATA : STATUS_OK;
  return actionBits | (status << STATUS_SHIFT);
}

const FAMILY = 3 << FAMILY_SHIFT;
const NAMED = HAS_PORTS | HAS_PROTOCOL;
const PRESENCE = FAMILY | NAMED | HAS_PACKETS | HAS_BYTES;

/** 64 bits over what makes two records the same: written by `hashIdentity` and `addAnswer`. One object serves all rows. */
export const identity = { low: 0, high: 0 };

/**
 * Whether a record has enough fields to be recognised when another flow log delivers it again: interface, times, and,
 * unless it stands for an interval without data, addresses, ports, protocol and action. `unnamed` is the number of the
 * interface `-`.
 */
function isIdentifiable(batch: FlowBatch, row: number, unnamed: number): boolean {
  const bits = batch.bits[row];
  if ((bits & HAS_TIMES) === 0 || batch.interfaceId[row] === unnamed) return false;
  if (((bits >>> STATUS_SHIFT) & 3) !== STATUS_OK) return true;
  return (bits & NAMED) === NAMED && (bits & FAMILY) !== 0 && (bits & ACTION_MASK) !== 0;
}

/**
 * Begins the identity of a row: its interface and times, addresses, ports, protocol and counts as far as it has them.
 * Which fields it lacks is part of the identity: a record without bytes never equals one with bytes.
 */
export function hashIdentity(batch: FlowBatch, row: number): void {
  const bits = batch.bits[row];
  identity.low = 0x9e3779b1;
  identity.high = 0x85ebca6b;
  mix(batch.interfaceId[row]);
  mix(batch.start[row]);
  // As stored: no record ends before it starts.
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

/** Ends the identity: `bits` hold action and log status (`ANSWER_BITS`). */
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
