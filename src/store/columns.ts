import { forEachChunk } from "../evaluate/dense/loops.ts";
import type { Evaluator } from "../evaluate/evaluator.ts";
import type { ActivityFacts } from "../evaluate/facts/activity.ts";
import { TRAFFIC_SUMS, TRAFFIC_WORDS } from "../evaluate/dense/traffic-table.ts";
import { WordMemo } from "../evaluate/dense/word-memo.ts";
import type { Judgement } from "../judgement.ts";
import { IPV4 } from "../net/address.ts";

/** A column to append: its values in the binary form of its type, and where it has nulls, one bit a row (1 = valid). */
export interface Column {
  readonly values: ArrayBufferView;
  readonly bytesPerValue: number;
  /** Valid bits of rows 0, 1, 2, … (least significant first); absent when no row is null. */
  readonly valid?: Uint8Array;
}

/** `width`: elements of the array that make a value, where it is wider than they are. */
export function columnOf(values: Uint8Array | Uint16Array | Uint32Array, width = 1): Column {
  return { values, bytesPerValue: values.BYTES_PER_ELEMENT * width };
}

/** Room for one bit a row, all null; `markValid` sets one. */
export function createValidity(rows: number): Uint8Array {
  return new Uint8Array(Math.ceil(rows / 8));
}

export function markValid(valid: Uint8Array, row: number): void {
  valid[row >> 3] |= 1 << (row & 7);
}

/** Unsigned 64-bit integers as two words each, least significant first; `numbers` are exact below 2^53. */
function toUint64(numbers: Float64Array, rows: number, out: Uint32Array): Uint32Array {
  for (let row = 0; row < rows; row++) putUint64(numbers[row], out, row);
  return out;
}

/** One such integer, as row `row` of `out`. */
export function putUint64(value: number, out: Uint32Array, row: number): void {
  out[row * 2] = value >>> 0;
  out[row * 2 + 1] = value < 4_294_967_296 ? 0 : Math.floor(value / 4_294_967_296);
}

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

/** The memory of the columns, each buffer once. */
export function factBuffers({ activity, coverage, traffic }: FactColumns): ArrayBuffer[] {
  const columns = [activity, coverage, traffic].flatMap((one) => one.columns);
  const buffers = columns.flatMap(({ values, valid }) => [values.buffer, ...(valid ? [valid.buffer] : [])]);
  return [...new Set(buffers as ArrayBuffer[])];
}

const u64 = (numbers: Float64Array, rows: number): Column =>
  columnOf(toUint64(numbers, rows, new Uint32Array(rows * 2)), 2);

function activityColumns(evaluator: Evaluator): Column[] {
  const { activity: facts } = evaluator;
  const { rows } = facts;
  return [
    columnOf(facts.hour.slice(0, rows)),
    columnOf(facts.eni.slice(0, rows)),
    columnOf(facts.judgement.slice(0, rows)),
    u64(facts.records, rows),
    u64(facts.packets, rows),
    u64(facts.bytes, rows),
    columnOf(facts.first.slice(0, rows)),
    columnOf(facts.last.slice(0, rows)),
  ];
}

function trafficColumns(evaluator: Evaluator): Column[] {
  const { rows } = evaluator.traffic;
  const columns: TrafficColumns = {
    day: new Uint32Array(rows),
    eni: new Uint32Array(rows),
    ruleSet: new Uint32Array(rows),
    direction: new Uint8Array(rows),
    protocol: new Uint8Array(rows),
    port: new Uint16Array(rows),
    four: new Uint32Array(rows),
    fourValid: createValidity(rows),
    six: new Uint32Array(rows * 4),
    sixValid: createValidity(rows),
    counts: Array.from({ length: 4 }, () => new Uint32Array(rows)),
    sums: Array.from({ length: 4 }, () => new Uint32Array(rows * 2)),
    first: new Uint32Array(rows),
    last: new Uint32Array(rows),
  };
  forEachChunk(rows, (from, to) => fillTraffic(columns, evaluator, from, to));
  return [
    columnOf(columns.day),
    columnOf(columns.eni),
    columnOf(columns.ruleSet),
    columnOf(columns.direction),
    columnOf(columns.protocol),
    columnOf(columns.port),
    { ...columnOf(columns.four), valid: columns.fourValid },
    { ...columnOf(columns.six, 4), valid: columns.sixValid },
    ...columns.counts.map((one) => columnOf(one)),
    ...columns.sums.map((one) => columnOf(one, 2)),
    columnOf(columns.first),
    columnOf(columns.last),
  ];
}

interface TrafficColumns {
  readonly day: Uint32Array;
  readonly eni: Uint32Array;
  readonly ruleSet: Uint32Array;
  readonly direction: Uint8Array;
  readonly protocol: Uint8Array;
  readonly port: Uint16Array;
  readonly four: Uint32Array;
  readonly fourValid: Uint8Array;
  /** Four words a row, least significant first. */
  readonly six: Uint32Array;
  readonly sixValid: Uint8Array;
  readonly counts: readonly Uint32Array[];
  /** Two words a row. */
  readonly sums: readonly Uint32Array[];
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

/** Row by row, as the facts lie: column by column each row would be fetched as often as there are columns. */
function fillTraffic(to: TrafficColumns, { traffic, addresses }: Evaluator, from: number, end: number): void {
  const { words, sums } = traffic;
  const [connections, replied, meaningful, reset] = to.counts;
  const { day, eni, ruleSet, direction, protocol, port, four, six, first, last } = to;
  for (let row = from; row < end; row++) {
    const at = row * TRAFFIC_WORDS;
    day[row] = words[at];
    eni[row] = words[at + 1];
    ruleSet[row] = words[at + 2];
    direction[row] = words[at + 3];
    protocol[row] = words[at + 4];
    port[row] = words[at + 5];
    four[row] = words[at + 7];
    first[row] = words[at + 8];
    last[row] = words[at + 9];
    if (words[at + 6] === IPV4) markValid(to.fourValid, row);
    else {
      markValid(to.sixValid, row);
      for (let word = 0; word < 4; word++) six[row * 4 + 3 - word] = addresses.words[words[at + 7] * 4 + word];
    }
    const sum = row * TRAFFIC_SUMS;
    connections[row] = sums[sum];
    replied[row] = sums[sum + 1];
    meaningful[row] = sums[sum + 2];
    reset[row] = sums[sum + 3];
    for (let wide = 0; wide < 4; wide++) putUint64(sums[sum + 4 + wide], to.sums[wide], row);
  }
}

const OK = 0;
const NODATA = 1;
const SKIPDATA = 2;
const STATUS = 3;
const ACCEPTED = 4;
const REJECTED = 8;

/**
 * Minutes with evidence as columns of `coverage_minutes`, by interface and hour: the activity of all judgements, put together
 * by log status.
 */
function coverageColumns(evaluator: Evaluator): { readonly columns: readonly Column[]; readonly rows: number } {
  const { activity: facts, judgements, firstJudgement } = evaluator;
  const { rowOf, rows, hours, interfaces } = rowsOf(facts);
  const answers = Uint8Array.from(judgements, answerOf);
  const minutes = [OK, NODATA, SKIPDATA].map(() => new Uint32Array(rows * 2));
  const accepted = new Float64Array(rows);
  const rejected = new Float64Array(rows);
  for (let slot = 0; slot < facts.rows; slot++) {
    const row = rowOf[slot];
    const answer = answers[facts.judgement[slot] - firstJudgement];
    // Hour 0 holds the records without times: they are evidence of no minute.
    if (facts.hour[slot] > 0) {
      const seen = minutes[answer & STATUS];
      seen[row * 2] |= facts.minutesLow[slot];
      seen[row * 2 + 1] |= facts.minutesHigh[slot];
    }
    if (answer & ACCEPTED) accepted[row] += facts.records[slot];
    if (answer & REJECTED) rejected[row] += facts.records[slot];
  }
  for (const seen of minutes) {
    for (let row = 0; row < rows; row++) {
      // Sixty bits from two halves of thirty.
      const [low, high] = [seen[row * 2], seen[row * 2 + 1]];
      seen[row * 2] = low | (high << 30);
      seen[row * 2 + 1] = high >>> 2;
    }
  }
  const counts = [accepted, rejected].map((numbers) => toUint64(numbers, rows, new Uint32Array(rows * 2)));
  const columns = [columnOf(hours), columnOf(interfaces), ...[...minutes, ...counts].map((one) => columnOf(one, 2))];
  return { columns, rows };
}

/** The distinct hours of interfaces in order of appearance, and which of them each row of activity belongs to. */
function rowsOf(facts: ActivityFacts) {
  const memo = new WordMemo(2);
  const rowOf = new Uint32Array(facts.rows);
  const hours = new Uint32Array(facts.rows);
  const interfaces = new Uint32Array(facts.rows);
  let rows = 0;
  for (let slot = 0; slot < facts.rows; slot++) {
    memo.key[0] = facts.hour[slot];
    memo.key[1] = facts.eni[slot];
    let row = memo.find();
    if (row < 0) {
      row = rows++;
      memo.add(row);
      hours[row] = facts.hour[slot];
      interfaces[row] = facts.eni[slot];
    }
    rowOf[slot] = row;
  }
  return { rowOf, rows, hours: hours.slice(0, rows), interfaces: interfaces.slice(0, rows) };
}

function answerOf({ logStatus, action }: Judgement): number {
  const status = logStatus === "OK" ? OK : logStatus === "NODATA" ? NODATA : SKIPDATA;
  return status | (action === "ACCEPT" ? ACCEPTED : action === "REJECT" ? REJECTED : 0);
}
