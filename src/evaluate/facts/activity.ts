import type { FlowBatch } from "../../decode/flow-batch.ts";
import { forEachChunk } from "../chunks.ts";
import { DirectMap } from "../conntrack/address-pool.ts";
import { WordMemo } from "../lookup/memo.ts";

/** Sums per interface, hour and judgement; columns of equal length `rows`. */
export interface ActivityFacts {
  rows: number;
  hour: Uint32Array;
  eni: Uint32Array;
  judgement: Uint32Array;
  records: Float64Array;
  packets: Float64Array;
  bytes: Float64Array;
  first: Uint32Array;
  last: Uint32Array;
  /** Minutes of the hour that the records touch: bits of minutes 0-29, and of 30-59. */
  minutesLow: Uint32Array;
  minutesHigh: Uint32Array;
}

export interface ActivityCollector {
  readonly facts: ActivityFacts;
  /** Counts every row of a batch under its judgement. */
  add(batch: FlowBatch, judgements: Uint32Array): void;
  clear(): void;
}

const HOUR = 3600;

/** Collects activity; a record that reaches into later hours marks their minutes but counts in the hour it starts in. */
export function createActivityCollector(): ActivityCollector {
  const memo = new WordMemo(3);
  let capacity = 1 << 10;
  const grown = <T extends Uint32Array | Float64Array>(old: T, make: (length: number) => T): T => {
    const larger = make(capacity);
    larger.set(old as never);
    return larger;
  };
  const u32 = (length: number): Uint32Array => new Uint32Array(length);
  const f64 = (length: number): Float64Array => new Float64Array(length);
  const facts: ActivityFacts = {
    rows: 0,
    hour: u32(capacity),
    eni: u32(capacity),
    judgement: u32(capacity),
    records: f64(capacity),
    packets: f64(capacity),
    bytes: f64(capacity),
    first: u32(capacity),
    last: u32(capacity),
    minutesLow: u32(capacity),
    minutesHigh: u32(capacity),
  };
  const recent = new DirectMap(14);

  const slotOf = (hour: number, eni: number, judgement: number): number => {
    const known = recent.get(hour, eni, judgement);
    if (known >= 0) return known;
    memo.key[0] = hour;
    memo.key[1] = eni;
    memo.key[2] = judgement;
    let slot = memo.find();
    if (slot < 0) {
      slot = facts.rows++;
      memo.add(slot);
      if (facts.rows > capacity) {
        capacity *= 2;
        for (const name of ["hour", "eni", "judgement", "first", "last", "minutesLow", "minutesHigh"] as const) {
          facts[name] = grown(facts[name], u32);
        }
        for (const name of ["records", "packets", "bytes"] as const) facts[name] = grown(facts[name], f64);
      }
      facts.hour[slot] = hour;
      facts.eni[slot] = eni;
      facts.judgement[slot] = judgement;
      facts.records[slot] = 0;
      facts.packets[slot] = 0;
      facts.bytes[slot] = 0;
      facts.first[slot] = 0xffffffff;
      facts.last[slot] = 0;
      facts.minutesLow[slot] = 0;
      facts.minutesHigh[slot] = 0;
    }
    recent.set(hour, eni, judgement, slot);
    return slot;
  };

  /** Marks minutes `from` to `to` of the hour, 0 to 59. */
  const mark = (slot: number, from: number, to: number): void => {
    if (from <= Math.min(to, 29)) facts.minutesLow[slot] |= (2 << Math.min(to, 29)) - (1 << from);
    if (Math.max(from, 30) <= to) facts.minutesHigh[slot] |= (2 << (to - 30)) - (1 << (Math.max(from, 30) - 30));
  };

  /** The minutes of a record that ends in another minute than it begins in. */
  const markAll = (slot: number, hour: number, eni: number, judgement: number, start: number, end: number): void => {
    const firstMinute = ((start / 60) >>> 0) - hour * 60;
    const lastMinute = ((end / 60) >>> 0) - hour * 60;
    mark(slot, firstMinute, Math.min(lastMinute, 59));
    // Hostile or broken times must not mark years: a record never spans more than two aggregation intervals.
    for (let beyond = lastMinute - 60, later = hour + 1; beyond >= 0 && beyond < 240; beyond -= 60, later++) {
      mark(slotOf(later, eni, judgement), 0, Math.min(beyond, 59));
    }
  };

  const addRows = (batch: FlowBatch, judgements: Uint32Array, from: number, to: number): void => {
    const { interfaceId, start: starts, end: ends, packets: packetColumn, bytes: byteColumn } = batch;
    let { records, packets, bytes, first, last, minutesLow } = facts;
    let hour = -1;
    let hourStart = 0;
    for (let row = from; row < to; row++) {
      const eni = interfaceId[row];
      const judgement = judgements[row];
      const start = starts[row];
      const end = ends[row];
      if (hour < 0 || start < hourStart || start >= hourStart + HOUR) {
        hour = (start / HOUR) >>> 0;
        hourStart = hour * HOUR;
      }
      let slot = recent.get(hour, eni, judgement);
      if (slot < 0) {
        slot = slotOf(hour, eni, judgement);
        ({ records, packets, bytes, first, last, minutesLow } = facts);
      }
      records[slot]++;
      packets[slot] += packetColumn[row];
      bytes[slot] += byteColumn[row];
      if (start < first[slot]) first[slot] = start;
      if (end > last[slot]) last[slot] = end;
      const minute = ((start - hourStart) / 60) | 0;
      const minuteStart = hourStart + minute * 60;
      if (minute < 30 && end >= minuteStart && end < minuteStart + 60) minutesLow[slot] |= 1 << minute;
      else {
        markAll(slot, hour, eni, judgement, start, end);
        ({ records, packets, bytes, first, last, minutesLow } = facts);
      }
    }
  };

  return {
    facts,
    add: (batch, judgements) => forEachChunk(batch.rows, (from, to) => addRows(batch, judgements, from, to)),
    clear() {
      facts.rows = 0;
      recent.clear();
      memo.clear();
    },
  };
}
