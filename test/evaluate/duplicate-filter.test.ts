import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  ACTION_ACCEPT,
  FAMILY_SHIFT,
  FlowBatch,
  HAS_BYTES,
  HAS_PACKETS,
  HAS_PORTS,
  HAS_PROTOCOL,
  HAS_TIMES,
  STATUS_NODATA,
  STATUS_SHIFT,
  STATUS_SKIPDATA,
} from "../../src/decode/flow-batch.ts";
import {
  bucketOf,
  createDuplicateFilter,
  hashIdentity,
  identity,
  type StoredIdentities,
} from "../../src/evaluate/duplicate-filter.ts";
import { IPV4 } from "../../src/net/address.ts";

const COMPLETE =
  HAS_PORTS | HAS_PROTOCOL | HAS_PACKETS | HAS_BYTES | HAS_TIMES | (IPV4 << FAMILY_SHIFT) | ACTION_ACCEPT;

interface Row {
  readonly start: number;
  readonly packets: number;
  readonly bits: number;
}

function batchOf(rows: readonly Row[]): FlowBatch {
  const batch = new FlowBatch();
  batch.rows = rows.length;
  rows.forEach(({ start, packets, bits }, row) => {
    batch.start[row] = batch.end[row] = start;
    batch.packets[row] = packets;
    batch.bits[row] = bits;
  });
  return batch;
}

/** A filter over a store that is kept here: what the filter let pass, but for the newest rows. */
function filterOver(stored: { row: Row; channel: number }[], maxSlots: number, hotRows: number) {
  let loads = 0;
  const filter = createDuplicateFilter({
    mayBeStored: () => false,
    async load(buckets): Promise<StoredIdentities> {
      loads++;
      const found = stored.slice(0, -hotRows).filter(({ row }) => buckets.includes(bucketOf(row.start)));
      const batch = batchOf(found.map(({ row }) => row));
      const columns = { low: new Int32Array(batch.rows), high: new Int32Array(batch.rows) };
      for (let row = 0; row < batch.rows; row++) {
        hashIdentity(batch, row);
        columns.low[row] = identity.low;
        columns.high[row] = identity.high;
      }
      const start = batch.start.slice(0, batch.rows);
      const objectId = Uint32Array.from(found, ({ channel }) => channel);
      return { rows: batch.rows, ...columns, start, objectId, judgement: batch.bits.slice(0, batch.rows) };
    },
    channelOf: (objectId) => objectId,
    answerOf: (bits) => bits,
    unnamed: () => -1,
    maxSlots,
    hotRows,
  });
  return {
    get loads() {
      return loads;
    },
    async pass(rows: readonly Row[], channel: number): Promise<number> {
      const batch = batchOf(rows);
      const removed = await filter.filter({ batch, lookups: new Uint32Array(rows.length) }, channel);
      for (let row = 0; row < batch.rows; row++) {
        const { start, packets, bits } = batch;
        stored.push({ row: { start: start[row], packets: packets[row], bits: bits[row] }, channel });
      }
      return removed;
    },
  };
}

test("duplicates are recognised even if their buckets were evicted from memory", async () => {
  const row = fc.record({
    start: fc.nat(20).map((n) => n * 300),
    packets: fc.nat(3),
    bits: fc.constantFrom(COMPLETE, COMPLETE ^ HAS_BYTES, HAS_TIMES | (STATUS_NODATA << STATUS_SHIFT)),
  });
  const batches = fc.array(fc.tuple(fc.array(row, { minLength: 1, maxLength: 5 }), fc.nat(2)), {
    minLength: 10,
    maxLength: 60,
  });
  let loads = 0;
  await fc.assert(
    fc.asyncProperty(batches, async (batches) => {
      const stored: { row: Row; channel: number }[] = [];
      const few = filterOver(stored, 256, 6);
      const plain = new Map<string, number>();
      for (const [rows, channel] of batches) {
        const repeated = rows.filter(({ start, packets, bits }) => {
          const key = `${start} ${bits & HAS_PACKETS ? packets : ""} ${bits}`;
          if (!plain.has(key)) plain.set(key, channel);
          return plain.get(key) !== channel;
        });
        expect(await few.pass(rows, channel)).toBe(repeated.length);
      }
      loads += few.loads;
    }),
  );
  expect(loads).toBeGreaterThan(20);
});

test.each([
  ["SKIPDATA after NODATA", HAS_TIMES | (STATUS_NODATA << STATUS_SHIFT), HAS_TIMES | (STATUS_SKIPDATA << STATUS_SHIFT)],
  ["a record without bytes after one with bytes", COMPLETE, COMPLETE ^ HAS_BYTES],
])("%s is no duplicate", async (_, first, second) => {
  const filter = filterOver([], 1 << 20, 1);
  await filter.pass([{ start: 600, packets: 0, bits: first }], 0);
  expect(await filter.pass([{ start: 600, packets: 0, bits: second }], 1)).toBe(0);
  expect(await filter.pass([{ start: 600, packets: 0, bits: second }], 2)).toBe(1);
});

test.each([
  ["times", COMPLETE ^ HAS_TIMES],
  ["ports", COMPLETE ^ HAS_PORTS],
  ["an action", COMPLETE ^ ACTION_ACCEPT],
  ["addresses", COMPLETE ^ (IPV4 << FAMILY_SHIFT)],
])("a record that lacks %s is never a duplicate: it does not identify its flow", async (_, bits) => {
  const filter = filterOver([], 1 << 20, 1);
  await filter.pass([{ start: 600, packets: 1, bits }], 0);
  expect(await filter.pass([{ start: 600, packets: 1, bits }], 1)).toBe(0);
});
