import type { Evaluator } from "../evaluate/evaluator.ts";
import { TRAFFIC_SUMS, TRAFFIC_WORDS } from "../evaluate/traffic-facts.ts";
import { IPV4 } from "../net/address.ts";
import { type Column, createValidity, markValid, toUint64 } from "./columns.ts";

interface Rows {
  readonly columns: readonly Column[];
  readonly rows: number;
}

/** The sums of a segment as columns of `activity`, `coverage_minutes` and `rule_traffic`. */
export interface FactColumns {
  readonly activity: Rows;
  readonly coverage: Rows;
  readonly traffic: Rows;
}

/** Columns of their own: the evaluator's may change afterwards. */
export function factColumns(evaluator: Evaluator): FactColumns {
  return {
    activity: { columns: activityColumns(evaluator), rows: evaluator.activity.rows },
    coverage: coverageColumns(evaluator),
    traffic: { columns: trafficColumns(evaluator), rows: evaluator.traffic.rows },
  };
}

const u32 = (values: Uint32Array): Column => ({ values, bytesPerValue: 4 });
const u64 = (numbers: Float64Array, rows: number): Column => ({
  values: toUint64(numbers, rows, new Uint32Array(rows * 2)),
  bytesPerValue: 8,
});

function activityColumns(evaluator: Evaluator): Column[] {
  const { activity: facts } = evaluator;
  const { rows } = facts;
  return [
    u32(facts.hour.slice(0, rows)),
    u32(facts.eni.slice(0, rows)),
    u32(facts.judgement.slice(0, rows)),
    u64(facts.records, rows),
    u64(facts.packets, rows),
    u64(facts.bytes, rows),
    u32(facts.first.slice(0, rows)),
    u32(facts.last.slice(0, rows)),
  ];
}

/** Minutes with evidence, by interface and hour: the activity of all judgements, put together by log status. */
function coverageColumns(evaluator: Evaluator): Rows {
  const { activity: facts, judgements, firstJudgement } = evaluator;
  const at = new Map<string, number>();
  const hours: number[] = [];
  const interfaces: number[] = [];
  const bits: number[][] = [[], [], []]; // low and high half in turn, by status
  const counts: number[][] = [[], []];
  for (let slot = 0; slot < facts.rows; slot++) {
    const key = `${facts.hour[slot]}|${facts.eni[slot]}`;
    let row = at.get(key);
    if (row === undefined) {
      row = hours.length;
      at.set(key, row);
      hours.push(facts.hour[slot]);
      interfaces.push(facts.eni[slot]);
      for (const list of bits) list.push(0, 0);
      for (const list of counts) list.push(0);
    }
    const judgement = judgements[facts.judgement[slot] - firstJudgement];
    const status = judgement.logStatus === "OK" ? 0 : judgement.logStatus === "NODATA" ? 1 : 2;
    bits[status][row * 2] |= facts.minutesLow[slot];
    bits[status][row * 2 + 1] |= facts.minutesHigh[slot];
    if (judgement.action === "ACCEPT") counts[0][row] += facts.records[slot];
    if (judgement.action === "REJECT") counts[1][row] += facts.records[slot];
  }
  const rows = hours.length;
  const minutes = (list: readonly number[]): Column => {
    const values = new Uint32Array(rows * 2);
    for (let row = 0; row < rows; row++) {
      // Sixty bits from two halves of thirty.
      const [low, high] = [list[row * 2], list[row * 2 + 1]];
      values[row * 2] = low | (high << 30);
      values[row * 2 + 1] = high >>> 2;
    }
    return { values, bytesPerValue: 8 };
  };
  const columns = [
    u32(Uint32Array.from(hours)),
    u32(Uint32Array.from(interfaces)),
    ...bits.map(minutes),
    ...counts.map((list) => u64(Float64Array.from(list), rows)),
  ];
  return { columns, rows };
}

function trafficColumns(evaluator: Evaluator): Column[] {
  const { traffic, addresses } = evaluator;
  const { rows, words, sums } = traffic;
  const word = (offset: number): Column => {
    const values = new Uint32Array(rows);
    for (let row = 0; row < rows; row++) values[row] = words[row * TRAFFIC_WORDS + offset];
    return u32(values);
  };
  const narrow = (offset: number, values: Uint8Array | Uint16Array): Column => {
    for (let row = 0; row < rows; row++) values[row] = words[row * TRAFFIC_WORDS + offset];
    return { values, bytesPerValue: values.BYTES_PER_ELEMENT };
  };
  const sum32 = (offset: number): Column => {
    const values = new Uint32Array(rows);
    for (let row = 0; row < rows; row++) values[row] = sums[row * TRAFFIC_SUMS + offset];
    return u32(values);
  };
  const sum64 = (offset: number): Column => {
    const numbers = new Float64Array(rows);
    for (let row = 0; row < rows; row++) numbers[row] = sums[row * TRAFFIC_SUMS + offset];
    return u64(numbers, rows);
  };
  const peer4 = createValidity(rows);
  const peer6 = createValidity(rows);
  const six = new Uint32Array(rows * 4);
  for (let row = 0; row < rows; row++) {
    const base = row * TRAFFIC_WORDS;
    if (words[base + 6] === IPV4) {
      markValid(peer4, row);
      continue;
    }
    markValid(peer6, row);
    for (let at = 0; at < 4; at++) six[row * 4 + 3 - at] = addresses.words[words[base + 7] * 4 + at];
  }
  return [
    word(0),
    word(1),
    word(2),
    narrow(3, new Uint8Array(rows)),
    narrow(4, new Uint8Array(rows)),
    narrow(5, new Uint16Array(rows)),
    { ...word(7), valid: peer4 },
    { values: six, bytesPerValue: 16, valid: peer6 },
    sum32(0),
    sum32(1),
    sum32(2),
    sum32(3),
    sum64(4),
    sum64(5),
    sum64(6),
    sum64(7),
    word(8),
    word(9),
  ];
}
