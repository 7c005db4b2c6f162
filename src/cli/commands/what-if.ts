import type { Command } from "commander";
import {
  breaksTraffic,
  checkProposal,
  isPartial,
  type Proposal,
  proposeEdit,
  proposeModel,
  replayHistory,
} from "../../change/what-if.ts";
import { AppError } from "../../errors.ts";
import { type Edit, parseEdit, parseNewRules } from "../../model/edit.ts";
import { loadModel } from "../../model/load.ts";
import { causeText, changeRows, groupRows, renderWhatIf } from "../../report/what-if.ts";
import { type StoredRecords, openStoredRecords } from "../../store/stored-records.ts";
import { count, plural } from "../../text.ts";
import { EXIT } from "../failure.ts";
import { NO_RECORDS, note, notePruned, noteShortWindow, nothingToJudge } from "../notes.ts";
import { databaseOption, type MinDays, minDaysOption, readOptionFile } from "../options.ts";
import {
  chosenFormat,
  fileOption,
  type OutputOptions,
  outputOption,
  renderOptions,
  writeOutput,
  writeRows,
} from "../output.ts";

interface WhatIfOptions extends OutputOptions, MinDays {
  readonly db: string;
  readonly model?: string;
  readonly partial: boolean;
  readonly remove: readonly string[];
  readonly add: readonly string[];
  readonly edit?: string;
  readonly summary: boolean;
  readonly strict: boolean;
}

export function registerWhatIf(program: Command): void {
  program
    .command("what-if")
    .summary("judge the stored records under a proposed configuration")
    .description(
      "Judges every stored record again under a proposed configuration and shows what would change: accepted traffic" +
        " that would be denied, rejected traffic that would be accepted. Replies share the verdict of their connection." +
        " Exits 1 if real accepted traffic breaks; traffic of scanners and unanswered traffic do not count.",
    )
    .addOption(databaseOption())
    .option("--model <path>", "the proposed configuration: describe-* JSON or terraform show -json")
    .option("--partial", "keep what --model does not name (always so if it names no interface)", false)
    .option("--remove <rule-id...>", "rules and network ACL entries to remove", [])
    .option("--add <json...>", "rules to add: JSON as in describe-security-group-rules, or @file with a list", [])
    .option("--edit <file>", 'a file with {"remove": [ids], "add": [rules]}, as `tighten` and `removable` write it')
    .option("--summary", "rows by rule and peer instead of by record (the table always does)", false)
    .option("--strict", "exit 1 if any accepted record breaks or may break, also of scanners", false)
    .addOption(minDaysOption("a shorter log is named in a note: what comes less often can break unseen"))
    .addOption(outputOption("rows"))
    .addOption(fileOption())
    .action(runWhatIf);
}

async function runWhatIf(options: WhatIfOptions): Promise<void> {
  const edit = editOf(options);
  const base = await baseOf(options, edit);
  const stored = await openStoredRecords(options.db);
  try {
    checkProposal(stored, edit, base);
    const propose: Proposal = (inForce) => proposeEdit(edit)(base(inForce));
    await notePruned(stored.evidence);
    await compare(stored, propose, options);
  } finally {
    stored.close();
  }
}

async function compare(stored: StoredRecords, propose: Proposal, options: WhatIfOptions): Promise<void> {
  const format = chosenFormat(options);
  const rows = format !== "table" && !options.summary;
  const { tally, changes } = replayHistory(stored, propose, { rows });
  if (rows) await writeRows(changeRows(changes, stored), options);
  else for await (const _ of changes);
  const groups = await tally.groups(stored);
  if (format === "table") await writeOutput(renderWhatIf(tally, groups, renderOptions(options)), options.o);
  else if (!rows) await writeRows(groupRows(groups), options);
  const { effects } = tally;
  if (tally.records === 0) {
    nothingToJudge(NO_RECORDS);
    return;
  }
  const breaks = options.strict
    ? effects.breaks + effects.may_break + effects.unsure > 0
    : breaksTraffic(groups, tally);
  const [broken, opened] = [effects.breaks + effects.may_break, effects.opens];
  const causes = tally.uncertain.map(({ cause, records }) => `${count(records)} ${causeText(cause)}`);
  const undecided = effects.doubtful + effects.may_break + effects.unsure;
  process.stderr.write(
    `${plural(tally.records, "record")}: ${count(broken)} accepted would be denied${breaks || broken === 0 ? "" : " (none of them real traffic)"},` +
      ` ${count(opened)} rejected would be accepted, ${count(undecided)} undecided before or after` +
      `${causes.length === 0 ? "" : `: ${causes.join("; ")}`}\n`,
  );
  if (breaks) process.exitCode = EXIT.found;
  else await noteShortWindow(stored.evidence, options.minDays, "what comes less often can break unseen");
}

/** The configuration that the edit is applied to: the one in force, or the proposed one. */
async function baseOf(options: WhatIfOptions, edit: Edit): Promise<Proposal> {
  if (options.model === undefined) {
    if (edit.remove.length + edit.add.length > 0) return (inForce) => inForce;
    throw new AppError("E_USAGE", "nothing is proposed", {
      hint: "give --model <path>, --remove <rule-id> or --add <rule>",
    });
  }
  const model = await loadModel(options.model);
  model.notes.forEach(note);
  if (isPartial(model)) {
    note("the proposal names no network interfaces; everything that it does not name stays");
  }
  return proposeModel(model, options.partial);
}

function editOf({ remove, add, edit }: WhatIfOptions): Edit {
  const stored = edit === undefined ? { remove: [], add: [] } : parseEdit(readJson(edit), edit);
  const added = add.flatMap((text) =>
    text.startsWith("@")
      ? parseNewRules(readJson(text.slice(1)), text.slice(1))
      : parseNewRules(parseJson(text, "--add"), "--add"),
  );
  return { remove: [...stored.remove, ...remove], add: [...stored.add, ...added] };
}

function readJson(file: string): unknown {
  return parseJson(readOptionFile(file).toString(), file);
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    throw new AppError("E_USAGE", `${source}: not JSON: ${shown}`, {
      hint: 'e.g. --add \'{"GroupId": "sg-…", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.0.0.0/8"}\'',
      cause,
    });
  }
}
