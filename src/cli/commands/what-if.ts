import { readFileSync } from "node:fs";
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
import { RENDERERS } from "../../report/renderers/formats.ts";
import { visible } from "../../report/renderers/renderer.ts";
import { flipRows, groupRows, renderWhatIf } from "../../report/what-if.ts";
import { type StoredRecords, openStoredRecords } from "../../store/stored-records.ts";
import { EXIT } from "../failure.ts";
import { notePruned } from "../evidence-notes.ts";
import { databaseOption } from "../options.ts";
import { chosenFormat, fileOption, type OutputOptions, outputOption, renderOptions, writeOutput } from "../output.ts";

interface WhatIfOptions extends OutputOptions {
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
    .summary("replay the stored history against a proposed configuration")
    .description(
      "Judges every stored record again under a proposed configuration and shows what would change: accepted traffic" +
        " that would be denied, rejected traffic that would be accepted. Replies stand and fall with their connection." +
        " Exits 1 when real accepted traffic breaks; traffic of scanners only, or that nobody answered, is no real traffic.",
    )
    .addOption(databaseOption())
    .option("--model <path>", "the proposed configuration: describe-* JSON or terraform show -json")
    .option("--partial", "what --model does not name stays as it is (always so when it names no interface)", false)
    .option("--remove <rule-id...>", "rules and network ACL entries to take away", [])
    .option("--add <json...>", "rules to add: JSON as in describe-security-group-rules, or @file with a list", [])
    .option("--edit <file>", 'a file with {"remove": [ids], "add": [rules]}, as `tighten` and `removable` write it')
    .option("--summary", "rows by rule and peer instead of records (what the table always shows)", false)
    .option("--strict", "exit 1 when any accepted record breaks, of scanners too", false)
    .addOption(outputOption())
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
  const { tally, flips } = replayHistory(stored, propose, { rows });
  const render = renderOptions(options);
  if (rows) await writeOutput(RENDERERS[format](flipRows(flips, stored), render), options.o);
  else for await (const _ of flips);
  const groups = await tally.groups(stored);
  if (!rows) {
    const text = async function* (): AsyncGenerator<string> {
      yield renderWhatIf(tally, groups, render);
    };
    await writeOutput(format === "table" ? text() : RENDERERS[format](groupRows(groups), render), options.o);
  }
  const { effects } = tally;
  const judged = Object.values(effects).reduce((sum, value) => sum + value, 0);
  if (judged === 0) {
    process.stderr.write("flowreplay: no records in the evidence file (--no-flows, or pruned), nothing to judge\n");
    process.exitCode = EXIT.nothingToJudge;
    return;
  }
  const breaks = options.strict ? effects.breaks + effects.may_break > 0 : breaksTraffic(groups, tally);
  const [broken, opened] = [effects.breaks + effects.may_break, effects.opens];
  process.stderr.write(
    `${judged} records: ${broken} accepted would be denied${breaks || broken === 0 ? "" : " (none of them real traffic)"},` +
      ` ${opened} rejected would be accepted, ${effects.doubtful + effects.may_break} undecided before or after\n`,
  );
  if (breaks) process.exitCode = EXIT.found;
}

/** What the edit is made in: the configuration in force, or the one that is proposed. */
async function baseOf(options: WhatIfOptions, edit: Edit): Promise<Proposal> {
  if (options.model === undefined) {
    if (edit.remove.length + edit.add.length > 0) return (inForce) => inForce;
    throw new AppError("E_USAGE", "nothing is proposed", {
      hint: "give --model <path>, --remove <rule-id> or --add <rule>",
    });
  }
  const model = await loadModel(options.model);
  for (const note of model.notes) process.stderr.write(`note: ${visible(note)}\n`);
  if (isPartial(model)) {
    process.stderr.write("note: the proposal names no network interfaces; what it does not name stays as it is\n");
  }
  return proposeModel(model, options.partial);
}

function editOf({ remove, add, edit }: WhatIfOptions): Edit {
  const stored = edit === undefined ? { remove: [], add: [] } : parseEdit(readJson(edit), edit);
  const added = add.flatMap((text) =>
    text.startsWith("@")
      ? parseNewRules(readJson(text.slice(1)), text.slice(1))
      : parseNewRules(parse(text, "--add"), "--add"),
  );
  return { remove: [...stored.remove, ...remove], add: [...stored.add, ...added] };
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("E_USAGE", `cannot read ${file}: ${cause instanceof Error ? cause.message : ""}`, { cause });
  }
  return parse(text, file);
}

function parse(text: string, source: string): unknown {
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
