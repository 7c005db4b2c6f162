import { createDirectMap } from "./direct-map.ts";
import { createWordMemo } from "./word-memo.ts";

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
  add(eni: number, judgement: number, start: number, end: number, packets: number, bytes: number): void;
  clear(): void;
}

const HOUR = 3600;

/** Collects activity; a record that reaches into later hours marks their minutes but counts in the hour it starts in. */
export function createActivityCollector(): ActivityCollector {
  const memo = createWordMemo(3);
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
  const recent = createDirectMap(14);

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
    for (let minute = from; minute <= to; minute++) {
      if (minute < 30) facts.minutesLow[slot] |= 1 << minute;
      else facts.minutesHigh[slot] |= 1 << (minute - 30);
    }
  };

  return {
    facts,
    add(eni, judgement, start, end, packets, bytes) {
      let hour = (start / HOUR) >>> 0;
      const slot = slotOf(hour, eni, judgement);
      facts.records[slot]++;
      facts.packets[slot] += packets;
      facts.bytes[slot] += bytes;
      if (start < facts.first[slot]) facts.first[slot] = start;
      if (end > facts.last[slot]) facts.last[slot] = end;
      const firstMinute = ((start / 60) >>> 0) - hour * 60;
      const lastMinute = ((end / 60) >>> 0) - hour * 60;
      if (firstMinute === lastMinute && firstMinute < 30) facts.minutesLow[slot] |= 1 << firstMinute;
      else mark(slot, firstMinute, Math.min(lastMinute, 59));
      // Hostile or broken times must not mark years: a record never spans more than two aggregation intervals.
      for (let beyond = lastMinute - 60; beyond >= 0 && beyond < 240; beyond -= 60) {
        mark(slotOf(++hour, eni, judgement), 0, Math.min(beyond, 59));
      }
    },
    clear() {
      facts.rows = 0;
      recent.clear();
      memo.clear();
    },
  };
}

/** Admitted connections, summed per day, interface, rule set, initiator, protocol, service port and peer. */
export interface TrafficFacts {
  rows: number;
  /** Ten words a row: day, interface, rule set, direction, protocol, port, family, peer (address or pool number), first, last. */
  words: Uint32Array;
  /** Eight sums a row: connections, replied, meaningful, reset, packets, bytes, reply packets, reply bytes. */
  sums: Float64Array;
}

export const TRAFFIC_WORDS = 10;
export const TRAFFIC_SUMS = 8;

export interface TrafficCollector {
  readonly facts: TrafficFacts;
  /** The row for a key, made when it is new; add to its sums directly. */
  row(
    day: number,
    eni: number,
    ruleSet: number,
    direction: number,
    protocol: number,
    port: number,
    family: number,
    peer: number,
  ): number;
  clear(): void;
}

export function createTrafficCollector(): TrafficCollector {
  const memo = createWordMemo(6);
  let capacity = 1 << 10;
  const facts: TrafficFacts = {
    rows: 0,
    words: new Uint32Array(capacity * TRAFFIC_WORDS),
    sums: new Float64Array(capacity * TRAFFIC_SUMS),
  };
  return {
    facts,
    row(day, eni, ruleSet, direction, protocol, port, family, peer) {
      memo.key[0] = day;
      memo.key[1] = eni;
      memo.key[2] = ruleSet;
      memo.key[3] = (direction << 2) | family;
      memo.key[4] = (protocol << 16) | port;
      memo.key[5] = peer;
      const known = memo.find();
      if (known >= 0) return known;
      const row = facts.rows++;
      memo.add(row);
      if (facts.rows > capacity) {
        capacity *= 2;
        const [words, sums] = [facts.words, facts.sums];
        facts.words = new Uint32Array(capacity * TRAFFIC_WORDS);
        facts.words.set(words);
        facts.sums = new Float64Array(capacity * TRAFFIC_SUMS);
        facts.sums.set(sums);
      }
      const base = row * TRAFFIC_WORDS;
      const { words, sums } = facts;
      words[base] = day;
      words[base + 1] = eni;
      words[base + 2] = ruleSet;
      words[base + 3] = direction;
      words[base + 4] = protocol;
      words[base + 5] = port;
      words[base + 6] = family;
      words[base + 7] = peer;
      words[base + 8] = 0xffffffff;
      words[base + 9] = 0;
      for (let sum = row * TRAFFIC_SUMS; sum < (row + 1) * TRAFFIC_SUMS; sum++) sums[sum] = 0;
      return row;
    },
    clear() {
      facts.rows = 0;
      memo.clear();
    },
  };
}
