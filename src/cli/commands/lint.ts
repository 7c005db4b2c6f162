import { type Command, Option } from "commander";
import { type Finding, SEVERITIES } from "../../policy/lint/finding.ts";
import { findingLines } from "../../policy/lint/lines.ts";
import { lintModel } from "../../policy/lint/lint.ts";
import { loadModel } from "../../policy/load.ts";
import { findingRows, renderFindings } from "../../report/finding-list.ts";
import { RENDERERS } from "../../report/renderers/formats.ts";
import { visible } from "../../report/renderers/renderer.ts";
import { EXIT } from "../failure.ts";
import { chosenFormat, fileOption, type OutputOptions, outputOption, renderOptions, writeOutput } from "../output.ts";

interface LintOptions extends OutputOptions {
  readonly model: string;
}

export function registerLint(program: Command): void {
  program
    .command("lint")
    .summary("static findings in a model, without traffic")
    .description(
      "Looks at security groups and network ACLs without traffic: entries and rules that change nothing, replies that" +
        " a network ACL denies, ports open to the world, references to nothing. Of a history, the newest configuration.",
    )
    .addOption(
      new Option("--model <path>", "describe-* JSON or terraform show -json, a folder or a file").makeOptionMandatory(),
    )
    .addOption(outputOption())
    .addOption(fileOption())
    .action(runLint);
}

async function runLint(options: LintOptions): Promise<void> {
  const model = await loadModel(options.model);
  for (const note of model.notes) process.stderr.write(`note: ${visible(note)}\n`);
  const findings = lintModel(model);
  const lines = await findingLines(findings);
  const placed = findings.map((finding, index) => ({ finding, line: lines[index] }));
  const format = chosenFormat(options);
  const render = renderOptions(options);
  const pieces = format === "table" ? renderFindings(placed, render) : RENDERERS[format](findingRows(placed), render);
  await writeOutput(pieces, options.o);
  const newest = model.snapshots.at(-1);
  if (newest && newest.securityGroups.size + newest.networkAcls.size > 0) {
    process.stderr.write(`${summary(findings)}\n`);
  } else {
    process.stderr.write("flowreplay: no security groups and no network ACLs in the model, nothing to look at\n");
    process.exitCode = EXIT.nothingToJudge;
  }
}

function summary(findings: readonly Finding[]): string {
  const parts = SEVERITIES.map((severity) => {
    return `${findings.filter((one) => one.severity === severity).length} ${severity}`;
  });
  return `${findings.length} ${findings.length === 1 ? "finding" : "findings"}: ${parts.join(", ")}`;
}
