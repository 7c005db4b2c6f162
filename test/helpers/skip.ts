import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Says loudly that tests are skipped, and why: a skip that nobody sees looks like a pass. */
export function announceSkip(tests: string, why: string): void {
  // oxlint-disable-next-line no-console -- it must be seen in the output of the runner
  console.warn(`\n*** SKIPPED: ${tests}: ${why} ***\n`);
}

/** The same, but in CI it fails: no pipeline may be green without these tests. */
export function announceSkipOutsideCi(tests: string, why: string, cause?: unknown): void {
  if (process.env.CI === "true") throw new Error(`${tests} must run in CI: ${why}`, { cause });
  announceSkip(tests, why);
}

/** The folder of files by others, which may not be in the repository; null, said loudly, where it is missing. */
export function filesOfOthers(tests: string): string | null {
  const folder = fileURLToPath(new URL("../../../shared", import.meta.url));
  if (existsSync(folder)) return folder;
  announceSkip(tests, "no folder ../shared beside the repository");
  return null;
}
