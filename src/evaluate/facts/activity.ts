import type { FlowBatch } from "../../decode/flow-batch.ts";
import { forEachChunk } from "../dense/loops.ts";
import { DirectMap, WordMemo } from "../dense/word-memo.ts";

const emptyFacts = (capacity: number) => ({
  hour: new Uint32Array(capacity),
  eni: new Uint32Array(capacity),
  judgement: new Uint32Array(capacity),
  records: new Float64Array(capacity),
  packets: new Float64Array(capacity),
  bytes: new Float64Array(capacity),
  first: new Uint32Array(capacity),
  last: new Uint32Array(capacity),
  /** Minutes of the hour that the records touch: bits of minutes 0-29, and of 30-59. */
  minutesLow: new Uint32Array(capacity),
  minutesHigh: new Uint32Array(capacity),
});

/** Sums per interface, hour and judgement; the first `rows` numbers of each column. */
export type ActivityFacts = { rows: number } & ReturnType<typeof emptyFacts>;

export interface ActivityCollector {
  readonly facts: ActivityFacts;
  /** Counts every row of a batch under its judgement. */
  add(batch: FlowBatch, judgements: Uint32Array): void;
  clear(): void;
}

const HOUR = 3600;

/** Collects activity. A record that reaches into later hours marks their minutes but counts in the hour it starts in. */
export function createActivityCollector(): ActivityCollector {
  const memo = new WordMemo(3);
  const recent = new DirectMap(14);
  const facts: ActivityFacts = { rows: 0, ...emptyFacts(1 << 10) };

  const grow = (): void => {
    const larger = emptyFacts(facts.hour.length * 2);
    for (const [name, column] of Object.entries(larger)) column.set(facts[name as keyof typeof larger]);
    Object.assign(facts, larger);
  };

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
      if (slot === facts.hour.length) grow();
      facts.hour[slot] = hour;
      facts.eni[slot] = eni;
      facts.judgement[slot] = judgement;
      for (const column of [facts.records, facts.packets, facts.bytes, facts.last, facts.minutesLow, facts.minutesHigh])
        column[slot] = 0;
      facts.first[slot] = 0xffffffff;
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
    // A SKIPDATA record may be longer than any other (decode/times.ts): a broken time must not mark years.
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
