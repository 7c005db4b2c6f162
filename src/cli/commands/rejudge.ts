import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { startThreads } from "../../replay/threads.ts";
import { plural } from "../../text.ts";
import { EXIT } from "../failure.ts";
import { databaseOption, type MinDays, minDaysOption, packageVersion, tcpIdleOption } from "../options.ts";
import { renderOptions } from "../output.ts";
import { createProgress, interruptible } from "../progress.ts";

interface RejudgeCommandOptions extends MinDays {
  readonly db: string;
  readonly model?: string;
  readonly tcpIdle?: number;
}

export function registerRejudge(program: Command): void {
  program
    .command("rejudge")
    .summary("judge the stored records again, all in order")
    .description(
      "Judges all records of the evidence file again, in one run and in the order of the logs, as if they had been replayed" +
        " together. Use it when logs came late or out of order, or with --model when the configuration was wrong or" +
        " incomplete. If it fails or is interrupted, the file stays as it was.",
    )
    .addOption(databaseOption())
    .option("--model <path>", "judge under this configuration (default: the one that the newest run judged with)")
    .addOption(tcpIdleOption())
    .addOption(minDaysOption())
    .action(runRejudge);
}

async function runRejudge({ db, model, tcpIdle, minDays }: RejudgeCommandOptions): Promise<void> {
  const threads = startThreads(Math.max(1, availableParallelism() - 1));
  const { rejudge } = await import("../../replay/rejudge.ts");
  const { renderSummary } = await import("../../report/summary.ts");
  const progress = createProgress(process.stderr);
  let summary = "";
  const options = { db, model: model ?? null, tcpIdle, workers: threads.readers.length, toolVersion: packageVersion() };
  const events = {
    note: progress.note,
    progress: progress.show,
    async finished(_: unknown, evidence: Parameters<typeof renderSummary>[0]): Promise<void> {
      summary = await renderSummary(evidence, { ...renderOptions({}), minDays });
    },
  };
  const { changes } = await interruptible(progress, (signal) => rejudge({ ...options, signal }, events, threads));
  if (changes === null) {
    progress.note(`interrupted: ${db} is as it was`);
    process.exitCode = EXIT.interrupted;
    return;
  }
  const { records, changed, verdicts } = changes;
  progress.note(
    changed === 0
      ? `${plural(records, "record")} judged again, all as before`
      : `${plural(records, "record")} judged again, ${changed === 1 ? "1 is" : `${changed.toLocaleString("en-US")} are`} judged otherwise, ` +
          `${verdicts.toLocaleString("en-US")} of them with another verdict`,
  );
  process.stdout.write(summary);
}
