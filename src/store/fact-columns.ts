import type { Evaluator } from "../evaluate/evaluator.ts";
import { TRAFFIC_SUMS, TRAFFIC_WORDS } from "../evaluate/traffic-facts.ts";
import { inSteps } from "../evaluate/steps.ts";
import { IPV4 } from "../net/address.ts";
import { coverageColumns } from "./coverage-columns.ts";
import { type Column, columnOf, createValidity, markValid, putUint64, toUint64 } from "./columns.ts";

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
  inSteps(rows, (from, to) => fillTraffic(columns, evaluator, from, to));
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
