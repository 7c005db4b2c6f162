import type { Contestant, Run } from "./contestants.ts";
import type { Prepared } from "./scenario.ts";

/** A contestant on a scenario: a row of a table. */
export interface Lane {
  readonly name: string;
  readonly contestant: Contestant;
  readonly prepared: Prepared;
}

export interface Result extends Lane {
  readonly runs: readonly Run[];
}

/**
 * Runs the lanes in turn, round after round, so that whatever else the machine does meets all of them alike; every other
 * round goes backwards.
 */
export async function race(
  lanes: readonly Lane[],
  rounds: number,
  note: (text: string) => void,
): Promise<readonly Result[]> {
  const results = lanes.map((lane) => ({ ...lane, runs: [] as Run[] }));
  for (let round = 0; round < rounds; round++) {
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      const run = await result.contestant.run(result.prepared);
      result.runs.push(run);
      note(`round ${round + 1} of ${rounds}, ${result.name}: ${run.seconds.toFixed(2)} s`);
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Records a second of every run, slowest first. */
export function ratesOf({ runs, prepared }: Result): number[] {
  return runs.map((run) => prepared.truth.records / run.seconds).toSorted((a, b) => a - b);
}

/** The same from the start on: without the seconds that the empty replay of the same round took. */
export function ratesAfterStart(result: Result, start: Result): number[] {
  const { records } = result.prepared.truth;
  return result.runs.map((run, round) => records / (run.seconds - start.runs[round].seconds)).toSorted((a, b) => a - b);
}
