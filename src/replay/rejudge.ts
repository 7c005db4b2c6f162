import { realpathSync, renameSync, rmSync } from "node:fs";
import { AppError } from "../errors.ts";
import { type ReplayEvents, type ReplayOptions, type ReplayResult, replay } from "../replay.ts";
import { evidenceFiles } from "../source/evidence.ts";
import { compareEvidence, type EvidenceChanges } from "../store/compare-evidence.ts";
import { unfinishedName } from "../store/create-file.ts";
import { plural } from "../text.ts";
import type { Threads } from "./threads.ts";

/** `model`: null takes the configuration that the newest run of the file judged with. */
export type RejudgeOptions = Pick<
  ReplayOptions,
  "db" | "model" | "workers" | "tcpIdle" | "toolVersion" | "signal" | "pace"
>;

export interface RejudgeResult extends ReplayResult {
  /** What the records are judged otherwise; null if the run was interrupted, which leaves the file as it was. */
  readonly changes: EvidenceChanges | null;
}

/**
 * Judges all records of an evidence file again, in one run and in the order of the logs, and puts the new file in the place
 * of the old. So the evidence is what one replay of all logs would have stored, however many runs brought the records in,
 * and in whatever order. A run that fails or is interrupted leaves the file as it was.
 * Throws `E_STORE` if sums would be lost: those of pruned records, or of objects that `--no-flows` stored.
 */
export async function rejudge(options: RejudgeOptions, events: ReplayEvents, threads: Threads): Promise<RejudgeResult> {
  const shown = options.db;
  const db = existing(shown);
  const { holdEvidence } = await import("../store/stored-objects.ts");
  const held = await holdEvidence(db);
  const unfinished = unfinishedName(db);
  try {
    refuseLoss(shown, held);
    const model = options.model ?? (held.hasModel ? db : null);
    const rest = { keepFlows: true, aws: {} };
    // A link is the file that it names: the unfinished file lies beside that one.
    const result = await replay({ ...options, ...rest, sources: [db], model, db: unfinished }, events, threads);
    if (result.interrupted) return { ...result, changes: null };
    const changes = await compareEvidence(db, unfinished);
    renameSync(unfinished, db);
    return { ...result, changes };
  } finally {
    held.close();
    for (const left of ["", ".wal"]) rmSync(unfinished + left, { force: true });
  }
}

function existing(path: string): string {
  try {
    const real = realpathSync(path);
    if (evidenceFiles.recognises(real)) return real;
  } catch {
    throw new AppError("E_STORE", `no evidence file at ${path}`, { hint: "name one with --db" });
  }
  throw new AppError("E_STORE", `${path} is not an evidence file`, { hint: "name one with --db" });
}

function refuseLoss(
  db: string,
  { pruned, withoutRows }: { readonly pruned: number; readonly withoutRows: number },
): void {
  const [what, lost] =
    pruned > 0
      ? [`${plural(pruned, "record")} of ${db} were pruned`, "their counts"]
      : [`${plural(withoutRows, "object")} of ${db} were stored as sums only (--no-flows)`, "these sums"];
  if (pruned + withoutRows === 0) return;
  throw new AppError("E_STORE", `${what}: judging the rest again would lose ${lost}`, {
    hint: `judge what is left into a new file: flowreplay replay ${db} --model <path> --db <new file>`,
  });
}
