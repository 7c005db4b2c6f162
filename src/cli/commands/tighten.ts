import { type Command, InvalidArgumentError, Option } from "commander";
import { TIGHTEN_DEFAULTS, type TightenedRule, type TightenOptions } from "../../change/tighten/propose.ts";
import { editOf, type Tightened, tightenRules } from "../../change/tighten/tighten.ts";
import { AppError } from "../../errors.ts";
import { quotaNotes, type ScriptFormat, SCRIPTS } from "../../report/change-scripts.ts";
import { longEnough, type RuleWindow } from "../../report/removable.ts";
import type { OutputFormat } from "../../report/renderers/formats.ts";
import { streamOf } from "../../report/rows.ts";
import { STAGED_SCRIPTS } from "../../report/staged-scripts.ts";
import { type Candidates, tightenCandidates } from "../../report/tighten-candidates.ts";
import { byUrgency, curveRows, renderTighten, tightenChanges, tightenResult } from "../../report/tighten.ts";
import { openStoredRecords } from "../../store/stored-records.ts";
import { count, plainMinute, plural } from "../../text.ts";
import { note, notePruned, noteShortWindow, nothingToJudge, whyNoTimes } from "../notes.ts";
import { databaseOption, type MinDays, minDaysOption, wholeNumber } from "../options.ts";
import {
  chosenFormat,
  fileOption,
  isScriptFormat,
  outputOption,
  renderOptions,
  writeOutput,
  writeRows,
} from "../output.ts";

interface TightenCommandOptions extends MinDays {
  readonly db: string;
  readonly o?: string;
  readonly output?: OutputFormat | ScriptFormat;
  readonly broad: number;
  readonly maxRules: number;
  readonly widen: readonly [number, number];
  readonly portGap: number;
  readonly holdout: number;
  readonly references: boolean;
  readonly keepReplyless: boolean;
  readonly curve: boolean;
  readonly staged: boolean;
}

export function registerTighten(program: Command): void {
  program
    .command("tighten")
    .summary("propose narrower rules for broad ones, proven by replay")
    .description(
      "Proposes, for each broad group rule in real use, the fewest narrower rules that admit all its real traffic, with the" +
        " share of held-back traffic that rules learnt on the first part of the window would have denied. All proposals are" +
        " proven together by judging every stored record again. Nothing is executed; scripts include their undo.",
    )
    .argument("[rule-id...]", "group rules to narrow (default: all broad ones)")
    .addOption(databaseOption())
    .option(
      "--broad <score>",
      "breadth, 1-100, from which a rule is broad (33: a /16 and one port)",
      wholeNumber(1, 100),
      TIGHTEN_DEFAULTS.broad,
    )
    .option("--max-rules <n>", "most rules that replace one rule", wholeNumber(1, 60), TIGHTEN_DEFAULTS.maxRules)
    .addOption(
      new Option(
        "--widen <v4>[,<v6>]",
        "widest blocks to join seen addresses into; 32,128: only addresses that were seen",
      )
        .argParser(prefixLengths)
        .default(
          [TIGHTEN_DEFAULTS.shortest4, TIGHTEN_DEFAULTS.shortest6],
          `${TIGHTEN_DEFAULTS.shortest4},${TIGHTEN_DEFAULTS.shortest6}`,
        ),
    )
    .option(
      "--port-gap <n>",
      "unused ports that a range may add between two used ones",
      wholeNumber(0, 65_535),
      TIGHTEN_DEFAULTS.portGap,
    )
    .option(
      "--holdout <percent>",
      "share of the window, at its end, to test the rules on",
      wholeNumber(0, 90),
      TIGHTEN_DEFAULTS.holdOut * 100,
    )
    .option("--no-references", "use addresses only, no groups or prefix lists")
    .option("--keep-replyless", "also admit traffic that nobody answered", false)
    .option("--curve", "print the trade-off: breadth and held-back denials by number of rules", false)
    .option(
      "--staged",
      "a script of two stages: the old rules stay until the new ones have taken their traffic (cli, terraform)",
      false,
    )
    .addOption(minDaysOption())
    .addOption(outputOption("changes"))
    .addOption(fileOption())
    .action(runTighten);
}

async function runTighten(ruleIds: readonly string[], { output, ...options }: TightenCommandOptions): Promise<void> {
  if (options.staged && output !== "cli" && output !== "terraform") {
    throw new AppError("E_USAGE", "--staged needs --output cli or terraform");
  }
  const stored = await openStoredRecords(options.db);
  try {
    await notePruned(stored.evidence, "their peers and services are known from sums and still count as needed");
    const candidates = await tightenCandidates(stored, { ruleIds, ...options });
    const found = await tightenRules(stored, candidates.rules, limitsOf(options));
    if (found === null) {
      nothingToJudge(await whyNoTimes(stored.evidence));
      return;
    }
    const rules = found.rules.toSorted(byUrgency);
    const outcome = summary(found, candidates);
    if (isScriptFormat(output)) {
      const windowOf = ({ rule }: TightenedRule): RuleWindow => candidates.windows.get(rule.id)!;
      const replaced = rules.filter(({ replacement }) => replacement !== null);
      const proven = longEnough(replaced, (one) => windowOf(one).short === null, windowOf);
      const left = replaced.length - proven.length;
      const leftOut = left === 0 ? "" : `; ${left} left out here because the window is short`;
      const write = options.staged && output !== "edit" ? STAGED_SCRIPTS[output] : SCRIPTS[output];
      await writeOutput(write(tightenChanges(proven, candidates.windows), outcome + leftOut), options.o);
    } else if (options.curve) {
      await writeRows(curveRows(rules), { ...options, output });
    } else if (chosenFormat({ ...options, output }) === "table") {
      await writeOutput(renderTighten(rules, candidates, renderOptions(options)), options.o);
    } else {
      await writeRows(streamOf(tightenResult(rules, candidates)), { ...options, output });
    }
    process.stderr.write(`${outcome}\n`);
    await noteShortWindow(stored.evidence, options.minDays, "the proposals do not cover peers that come less often");
    for (const text of quotaNotes(candidates.snapshot, editOf(rules))) note(text);
  } finally {
    stored.close();
  }
}

function limitsOf(options: TightenCommandOptions): TightenOptions {
  const { maxRules, widen, portGap, holdout, references, keepReplyless } = options;
  const [shortest4, shortest6] = widen;
  return { maxRules, shortest4, shortest6, portGap, references, keepReplyless, holdOut: holdout / 100 };
}

function summary({ rules, recordsProven, window }: Tightened, { untouched }: Candidates): string {
  const narrower = rules.filter(({ status }) => status === "narrow").length;
  const redundant = rules.filter(({ status }) => status === "redundant").length;
  const of = rules.length + untouched.length;
  const tested = window.split > window.last ? "" : `, tested on the part from ${plainMinute(window.split)} on`;
  return (
    `${narrower} of ${plural(of, "rule")} can be narrower, ${redundant} redundant: no real accepted record of ${count(recordsProven)} is denied;` +
    ` learnt from ${plainMinute(window.first)} to ${plainMinute(window.last)} UTC${tested}`
  );
}

function prefixLengths(text: string): [number, number] {
  const [, four, six] = /^(\d{1,2})(?:,(\d{1,3}))?$/.exec(text) ?? [];
  const lengths: [number, number] = [Number(four), six === undefined ? 64 : Number(six)];
  if (four !== undefined && lengths[0] <= 32 && lengths[1] <= 128) return lengths;
  throw new InvalidArgumentError("give prefix lengths such as 24 or 24,64");
}
