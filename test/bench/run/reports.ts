import { rmSync } from "node:fs";
import { join } from "node:path";

import { loadCatalogue } from "../../../src/report/catalogue.ts";
import { checkEvidence } from "./check.ts";
import { MAIN } from "./contestants.ts";
import { runProcess } from "./process.ts";
import { median } from "./race.ts";
import { DATA_FOLDER, type Prepared } from "./scenario.ts";
import { mebibytes, table } from "./table.ts";

const QUERIES = "queries/";

/** Times every report on one evidence file, as whole processes that print JSON; those that work most first. */
export async function timeReports(prepared: Prepared, rounds: number, note: (text: string) => void): Promise<string> {
  const db = join(DATA_FOLDER, "reports.duckdb");
  rmSync(db, { force: true });
  try {
    await runProcess(MAIN, ["replay", prepared.logs, "--model", prepared.model, "--db", db]);
    await checkEvidence(db, prepared.truth);
    const reports: { name: string; seconds: number; cpu: number; peak: number; bytes: number }[] = [];
    for (const { name } of loadCatalogue(QUERIES)) {
      const runs = [];
      for (let round = 0; round < rounds; round++) {
        runs.push(await runProcess(MAIN, ["report", name, "--db", db, "--output", "json"]));
      }
      const seconds = median(runs.map((run) => run.seconds));
      note(`${name}: ${seconds.toFixed(2)} s`);
      reports.push({
        name,
        seconds,
        cpu: median(runs.map((run) => run.cpuSeconds)),
        peak: Math.max(...runs.map((run) => run.peakBytes)),
        bytes: runs[0].stdout.length,
      });
    }
    reports.sort((a, b) => b.cpu - a.cpu);
    return table(
      ["report", "seconds", "CPU seconds", "peak MiB", "KiB of JSON"],
      reports.map(({ name, seconds, cpu, peak, bytes }) => [
        name,
        seconds.toFixed(2),
        cpu.toFixed(2),
        mebibytes(peak),
        (bytes / 1024).toFixed(0),
      ]),
    );
  } finally {
    rmSync(db, { force: true });
  }
}
