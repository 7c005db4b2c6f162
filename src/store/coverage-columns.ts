import type { ActivityFacts } from "../evaluate/activity-facts.ts";
import type { Evaluator } from "../evaluate/evaluator.ts";
import type { Judgement } from "../evaluate/judgement.ts";
import { WordMemo } from "../evaluate/word-memo.ts";
import { type Column, columnOf, toUint64 } from "./columns.ts";

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
export function coverageColumns(evaluator: Evaluator): { readonly columns: readonly Column[]; readonly rows: number } {
  const { activity: facts, judgements, firstJudgement } = evaluator;
  const { rowOf, rows, hours, interfaces } = rowsOf(facts);
  const answers = Uint8Array.from(judgements, answerOf);
  const minutes = [OK, NODATA, SKIPDATA].map(() => new Uint32Array(rows * 2));
  const accepted = new Float64Array(rows);
  const rejected = new Float64Array(rows);
  for (let slot = 0; slot < facts.rows; slot++) {
    const row = rowOf[slot];
    const answer = answers[facts.judgement[slot] - firstJudgement];
    const seen = minutes[answer & STATUS];
    seen[row * 2] |= facts.minutesLow[slot];
    seen[row * 2 + 1] |= facts.minutesHigh[slot];
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
