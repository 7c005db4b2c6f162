import type { Command } from "commander";
import { removableSet, type RemovableSet } from "../../change/removable.ts";
import { type RuleChange, type ScriptFormat, SCRIPTS } from "../../report/change-scripts.ts";
import { gradeRemovable, type GradedRule, isProven, longEnough, removableRows } from "../../report/removable.ts";
import type { OutputFormat } from "../../report/renderers/formats.ts";
import { openStoredRecords } from "../../store/stored-records.ts";
import { plural } from "../../text.ts";
import { notePruned } from "../notes.ts";
import { databaseOption, type MinDays, minDaysOption } from "../options.ts";
import { fileOption, isScriptFormat, outputOption, writeOutput, writeRows } from "../output.ts";

export interface RemovableCommandOptions extends MinDays {
  readonly db: string;
  readonly o?: string;
  readonly output?: OutputFormat | ScriptFormat;
  readonly realOnly?: boolean;
}

export function registerRemovable(program: Command): void {
  program
    .command("removable")
    .alias("removable-set")
    .summary("group rules that can be removed together without breaking an observed connection")
    .description(
      "Finds a largest set of group rules that can be removed together without denying one accepted connection of the log, and" +
        " proves it by judging every stored record without them. Each rule has the status of its evidence.",
    )
    .addOption(databaseOption())
    .option(
      "--real-only",
      "only real traffic counts: rules for scanners or unanswered traffic may be removed too",
      false,
    )
    .addOption(minDaysOption())
    .addOption(outputOption("changes"))
    .addOption(fileOption())
    .action(runRemovable);
}

export async function runRemovable({ output, ...options }: RemovableCommandOptions): Promise<void> {
  const stored = await openStoredRecords(options.db);
  try {
    await notePruned(stored.evidence);
    const found = await removableSet(stored, { realOnly: options.realOnly ?? false });
    const graded = await gradeRemovable(stored.evidence, found, options.minDays);
    if (isScriptFormat(output)) {
      const proven = longEnough(graded, isProven, ({ window }) => window);
      const left = graded.length - proven.length;
      const leftOut =
        left === 0 ? "" : `; ${left} left out here because the evidence is incomplete or the window short`;
      await writeOutput(SCRIPTS[output](proven.map(changeOf), summary(found) + leftOut), options.o);
    } else {
      await writeRows(removableRows(graded), { ...options, output });
    }
    process.stderr.write(`${summary(found)}\n`);
  } finally {
    stored.close();
  }
}

function changeOf({ rule, status, reason, coveredBy, window }: GradedRule): RuleChange {
  const by = coveredBy.length > 0 ? ` (${coveredBy.join(", ")})` : "";
  return { remove: [rule], add: [], why: `${status}: ${reason}${by}`, window: window.text };
}

function summary({ rules, of, exact, recordsProven }: RemovableSet): string {
  const largest = exact ? "no larger set exists" : "the search was cut short, a larger set may exist";
  return `${rules.length} of ${plural(of, "group rule")} can be removed together: none of ${plural(recordsProven, "record")} that was accepted would be denied; ${largest}`;
}
