import { START } from "./contestants.ts";
import { median, ratesAfterStart, ratesOf, type Result } from "./race.ts";
import type { Prepared } from "./scenario.ts";
import { count, mebibytes, millions, range, table, times } from "./table.ts";

/** What a scenario consists of, as a line above its table. */
export function describeScenario({ options, truth, objectBytes }: Prepared, rounds: number): string {
  const { records, objects } = truth;
  return (
    `${options.format}: ${count(records)} records in ${objects} objects, ${(truth.uncompressedBytes / records).toFixed(0)} bytes each, ` +
    `${(objectBytes / records).toFixed(0)} packed; ${count(options.interfaces)} interfaces with ${options.rules} rules each, ` +
    `${options.scanners * 100} % probes, ${options.ipv6 * 100} % IPv6; ${rounds} rounds in turn\n`
  );
}

const HEAD = ["seconds", "M records/s", "range"];
const COSTS = ["CPU us a record", "peak MiB", "bytes stored a record"];

/** A row a lane: medians over the rounds, the highest peak. `ratio` compares a lane with another. */
export function resultTable(results: readonly Result[], ratioName: string, ratio: (result: Result) => number): string {
  const rows = results.map((result) => {
    const { name, runs, prepared, contestant } = result;
    const { records } = prepared.truth;
    const seconds = median(runs.map((run) => run.seconds)).toFixed(2);
    const peak = mebibytes(Math.max(...runs.map((run) => run.peakBytes)));
    if (contestant === START) return [name, seconds, "", "", "", "", peak, ""];
    const rates = ratesOf(result);
    const cpu = median(runs.map((run) => run.cpuSeconds / records)) * 1e6;
    const stored = runs[0].storedBytes === null ? "" : median(runs.map((run) => run.storedBytes! / records)).toFixed(1);
    const speed = [seconds, millions(median(rates)), range(rates, millions), times(ratio(result))];
    return [name, ...speed, cpu.toFixed(2), peak, stored];
  });
  return [table(["whole process", ...HEAD, ratioName, ...COSTS], rows), ...afterStart(results)].join("\n\n");
}

/** Rates without what an empty replay takes, where one ran. */
function afterStart(results: readonly Result[]): string[] {
  return results.flatMap((start) => {
    const whole = results.find((result) => result.prepared === start.prepared && result !== start);
    if (start.contestant !== START || whole === undefined) return [];
    const rates = ratesAfterStart(whole, start);
    return [`${whole.name}, after the start: ${millions(median(rates))} (${range(rates, millions)}) M records/s`];
  });
}
