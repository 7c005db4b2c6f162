// Runs a module as the main one and writes what it cost to descriptor 3: node measured.js <module> [argument]...
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , main] = process.argv;
process.argv.splice(1, 1);
process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: peakOf(maxRSS * 1024) }));
});
await import(pathToFileURL(main).href);

/** Linux hands maxRSS on from the process that started this one; the high-water mark in /proc is our own. */
function peakOf(fallback: number): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
    return Number(kib) * 1024;
  } catch {
    return fallback;
  }
}
