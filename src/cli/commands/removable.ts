import { type Command, Option } from "commander";
import { removableSet, type RemovableSet } from "../../change/removable.ts";
import { type RuleChange, type ScriptFormat, SCRIPTS } from "../../report/change-scripts.ts";
import { gradeRemovable, type GradedRule, isProven, removableRows } from "../../report/removable.ts";
import { type OutputFormat, RENDERERS } from "../../report/renderers/formats.ts";
import { openStoredRecords } from "../../store/stored-records.ts";
import { databaseOption } from "../options.ts";
import { chosenFormat, fileOption, type OutputOptions, renderOptions, writeOutput } from "../output.ts";
import { notePruned } from "../evidence-notes.ts";

export interface RemovableCommandOptions extends Omit<OutputOptions, "output"> {
  readonly db: string;
  readonly output?: OutputFormat | ScriptFormat;
  readonly realOnly?: boolean;
}

export function registerRemovable(program: Command): void {
  program
    .command("removable")
    .alias("removable-set")
    .summary("the group rules that can go together without breaking an observed connection")
    .description(
      "A largest set of group rules that can be removed together without turning one accepted connection of the log," +
        " proven by judging every stored record without them. Each comes with the worth of its evidence.",
    )
    .addOption(databaseOption())
    .option("--real-only", "only real traffic counts: what only scanners used, or nobody answered, may go too", false)
    .addOption(
      new Option(
        "--output <format>",
        "how to print the rules; cli, terraform and edit (for what-if) with their undo",
      ).choices([...Object.keys(RENDERERS), ...Object.keys(SCRIPTS)]),
    )
    .addOption(fileOption())
    .action(runRemovable);
}

export async function runRemovable({ output, ...options }: RemovableCommandOptions): Promise<void> {
  const stored = await openStoredRecords(options.db);
  try {
    await notePruned(stored.evidence);
    const found = await removableSet(stored, { realOnly: options.realOnly ?? false });
    const graded = await gradeRemovable(stored.evidence, found);
    if (output !== undefined && isScript(output)) {
      const proven = graded.filter(isProven);
      const left = graded.length - proven.length;
      const leftOut = left === 0 ? "" : `; ${left} left out here for want of evidence`;
      await writeOutput(pieces(SCRIPTS[output](proven.map(changeOf), summary(found) + leftOut)), options.o);
    } else {
      const format = chosenFormat({ ...options, output });
      await writeOutput(RENDERERS[format](removableRows(graded), renderOptions(options)), options.o);
    }
    process.stderr.write(`${summary(found)}\n`);
  } finally {
    stored.close();
  }
}

function isScript(output: string): output is ScriptFormat {
  return Object.hasOwn(SCRIPTS, output);
}

async function* pieces(text: string): AsyncGenerator<string> {
  yield text;
}

function changeOf({ rule, status, reason, coveredBy }: GradedRule): RuleChange {
  const by = coveredBy.length > 0 ? ` (${coveredBy.join(", ")})` : "";
  return { remove: [rule], add: [], why: `${status}: ${reason}${by}` };
}

function summary({ rules, of, exact, recordsProven }: RemovableSet): string {
  const largest = exact ? "no larger set exists" : "the search was cut short, a larger set may exist";
  return `${rules.length} of ${of} group rules can go together: no accepted record of ${recordsProven} changes; ${largest}`;
}
