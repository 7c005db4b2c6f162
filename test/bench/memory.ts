// Memory must not grow with the input, on the hardest traffic there is: npm run test:memory -- [--records N] [--times N]
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";

import { flowreplay } from "./run/contestants.ts";
import { describeMachine } from "./run/machine.ts";
import { describeScenario } from "./run/results.ts";
import { DATA_FOLDER, prepare } from "./run/scenario.ts";
import { count, mebibytes } from "./run/table.ts";

const LIMIT = 2 ** 30;
/** Peaks vary with the moments of garbage collection; growth with the input would be `times`-fold. */
const TOLERANCE = 1.25;
/** 95 % of the records are scanners', half of them over IPv6; a fifth get in by an open rule and are connections. */
const HOSTILE = { scanners: 0.75, admittedScanners: 0.2, scannerSources: 500_000, ipv6: 0.5 };

const { values } = parseArgs({
  options: { records: { type: "string", default: "1000000" }, times: { type: "string", default: "5" } },
});
const fewer = Number(values.records);

const note = (text: string): void => console.error(`  ${text}`);
mkdirSync(DATA_FOLDER, { recursive: true });
console.log(describeMachine());
const peaks: number[] = [];
for (const records of [fewer, fewer * Number(values.times)]) {
  const prepared = await prepare({ name: "scanners and IPv6", options: { records, ...HOSTILE } }, note);
  const { peakBytes, storedBytes } = await flowreplay().run(prepared);
  peaks.push(peakBytes);
  console.log(`\n${describeScenario(prepared, 1)}`);
  console.log(`peak ${mebibytes(peakBytes)} MiB, ${(storedBytes! / records).toFixed(1)} bytes stored a record`);
}
const [first, second] = peaks;
const grows = second > first * TOLERANCE;
const tooHigh = Math.max(...peaks) > LIMIT;
if (grows)
  console.error(`FAILED: ${values.times} times the records took ${(second / first).toFixed(2)} times the memory`);
if (tooHigh) console.error(`FAILED: a peak above ${mebibytes(LIMIT)} MiB`);
if (grows || tooHigh) process.exitCode = 1;
else
  console.log(
    `\nok: below ${mebibytes(LIMIT)} MiB, and stable from ${count(fewer)} records to ${values.times} times as many`,
  );
