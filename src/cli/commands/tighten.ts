import { type Command, InvalidArgumentError, Option } from "commander";
import type { TightenedRule, TightenOptions } from "../../change/tighten/propose.ts";
import { editOf, type Tightened, tightenRules } from "../../change/tighten/tighten.ts";
import { type ScriptFormat, SCRIPTS } from "../../report/change-scripts.ts";
import { type OutputFormat, RENDERERS } from "../../report/renderers/formats.ts";
import { quotaNotes } from "../../report/rule-quota.ts";
import { streamOf } from "../../report/row-stream.ts";
import { plural } from "../../report/summary-text.ts";
import { type Candidates, tightenCandidates } from "../../report/tighten-candidates.ts";
import { byUrgency, curveRows, renderTighten, tightenChanges, tightenResult } from "../../report/tighten.ts";
import { openStoredRecords } from "../../store/stored-records.ts";
import { EXIT } from "../failure.ts";
import { databaseOption } from "../options.ts";
import { chosenFormat, fileOption, type OutputOptions, renderOptions, writeOutput } from "../output.ts";
import { notePruned, TIGHTEN_DEFAULTS } from "../evidence-notes.ts";

interface TightenCommandOptions extends Omit<OutputOptions, "output"> {
  readonly db: string;
  readonly output?: OutputFormat | ScriptFormat;
  readonly broad: number;
  readonly maxRules: number;
  readonly widen: readonly [number, number];
  readonly portGap: number;
  readonly holdout: number;
  readonly references: boolean;
  readonly keepReplyless: boolean;
  readonly curve: boolean;
}

export function registerTighten(program: Command): void {
  program
    .command("tighten")
    .summary("narrower rules in place of broad ones, proven by replay")
    .description(
      "For each broad group rule in real use, the fewest narrower rules that admit all its real traffic, with the share of" +
        " held-back traffic that rules learnt on the first part of the window would have denied. All of them are proven" +
        " together by judging every stored record again. Nothing is executed: scripts come with their undo.",
    )
    .argument("[rule-id...]", "group rules to narrow (default: all broad ones)")
    .addOption(databaseOption())
    .option(
      "--broad <score>",
      "least breadth, 1-100, of a broad rule (33: a /16 and one port)",
      wholeNumber(1, 100),
      33,
    )
    .option("--max-rules <n>", "rules in place of one at most", wholeNumber(1, 60), TIGHTEN_DEFAULTS.maxRules)
    .addOption(
      new Option(
        "--widen <v4>[,<v6>]",
        "widest blocks that seen addresses are joined into; 32,128: none but addresses seen",
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
      "share of the window, at its end, to test on",
      wholeNumber(0, 90),
      TIGHTEN_DEFAULTS.holdOut * 100,
    )
    .option("--no-references", "name addresses only, no groups and prefix lists")
    .option("--keep-replyless", "traffic that nobody answered is needed too", false)
    .option("--curve", "rows of the trade-off: breadth and held-back denials by number of rules", false)
    .addOption(
      new Option(
        "--output <format>",
        "how to print; cli, terraform and edit (JSON, for what-if) with their undo",
      ).choices([...Object.keys(RENDERERS), ...Object.keys(SCRIPTS)]),
    )
    .addOption(fileOption())
    .action(runTighten);
}

async function runTighten(ruleIds: readonly string[], { output, ...options }: TightenCommandOptions): Promise<void> {
  const stored = await openStoredRecords(options.db);
  try {
    await notePruned(stored.evidence, "their peers and services, known from their sums, count as needed all the same");
    const candidates = await tightenCandidates(stored, { ruleIds, ...options });
    const found = await tightenRules(stored, candidates.rules, limitsOf(options));
    if (found === null) {
      process.stderr.write("flowreplay: no records in the evidence file (--no-flows, or pruned), nothing to judge\n");
      process.exitCode = EXIT.nothingToJudge;
      return;
    }
    const rules = found.rules.toSorted(byUrgency);
    const told = summary(found, candidates);
    if (output !== undefined && isScript(output)) {
      await writeOutput(pieces(SCRIPTS[output](tightenChanges(rules), told)), options.o);
    } else {
      await writeOutput(print(rules, candidates, { ...options, output }), options.o);
    }
    process.stderr.write(`${told}\n`);
    noteShort(found);
    const notes = quotaNotes(candidates.snapshot, editOf(rules));
    for (const note of notes) process.stderr.write(`note: ${note}\n`);
  } finally {
    stored.close();
  }
}

function limitsOf(options: TightenCommandOptions): TightenOptions {
  const { maxRules, widen, portGap, holdout, references, keepReplyless } = options;
  const [shortest4, shortest6] = widen;
  return { maxRules, shortest4, shortest6, portGap, references, keepReplyless, holdOut: holdout / 100 };
}

function print(
  rules: readonly TightenedRule[],
  candidates: Candidates,
  options: OutputOptions & { readonly curve: boolean },
): AsyncIterable<string> {
  const format = chosenFormat(options);
  const render = renderOptions(options);
  if (options.curve) return RENDERERS[format](curveRows(rules), render);
  if (format === "table") return pieces(renderTighten(rules, candidates, render));
  return RENDERERS[format](streamOf(tightenResult(rules, candidates)), render);
}

function summary({ rules, recordsProven, window }: Tightened, { untouched }: Candidates): string {
  const narrower = rules.filter(({ status }) => status === "narrow").length;
  const redundant = rules.filter(({ status }) => status === "redundant").length;
  const of = rules.length + untouched.length;
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  const tested = window.split > window.last ? "" : `, tested on the part from ${time(window.split)} on`;
  return (
    `${narrower} of ${plural(of, "rule")} can be narrower, ${redundant} redundant: no real accepted record of ${recordsProven} is denied;` +
    ` learnt from ${time(window.first)} to ${time(window.last)} UTC${tested}`
  );
}

/** As in `unused-rules`. */
const SHORT_DAYS = 30;

function noteShort({ window: { first, last } }: Tightened): void {
  if (last - first >= SHORT_DAYS * 86_400) return;
  process.stderr.write(`note: the window is shorter than ${SHORT_DAYS} days; who comes less often is in no proposal\n`);
}

function isScript(output: string): output is ScriptFormat {
  return Object.hasOwn(SCRIPTS, output);
}

async function* pieces(text: string): AsyncGenerator<string> {
  yield text;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`a whole number from ${least} to ${most}.`);
  };
}

function prefixLengths(text: string): [number, number] {
  const [, four, six] = /^(\d{1,2})(?:,(\d{1,3}))?$/.exec(text) ?? [];
  const lengths: [number, number] = [Number(four), six === undefined ? 64 : Number(six)];
  if (four !== undefined && lengths[0] <= 32 && lengths[1] <= 128) return lengths;
  throw new InvalidArgumentError("prefix lengths such as 24 or 24,64.");
}
