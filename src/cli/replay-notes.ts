import type { ReplayResult } from "../replay.ts";
import type { ProgressLine } from "./progress.ts";
import { isoTime } from "./time.ts";

/** An object that was read in part could not be in the ledger: so `--from` and `--to` choose objects, not records. */
export function noteWindow(
  { times }: ReplayResult,
  { from, to }: { from?: number; to?: number },
  { note }: ProgressLine,
): void {
  if (times === null || (times.first >= (from ?? 0) && times.last <= (to ?? Infinity))) return;
  note(
    `--from and --to choose objects, and an object is read whole: there are records of ${isoTime(times.first)} to ${isoTime(times.last)}`,
  );
}

/** What the run left out or got over, and what it cost. */
export function noteTroubles({ duplicates, retries, evicted }: ReplayResult, { note }: ProgressLine): void {
  const count = (value: number, what: string): string =>
    `${value.toLocaleString("en-US")} ${what}${value === 1 ? "" : "s"}`;
  if (duplicates > 0)
    note(`${count(duplicates, "record")} that came before, by another flow log or in a copy: stored once`);
  if (retries > 0) note(`${count(retries, "request")} repeated after throttling, time-outs, resets or cut transfers`);
  if (evicted > 0) {
    note(
      `${count(evicted, "connection")} forgotten early, too many were open at once: a late record of one may look new`,
    );
  }
}
