import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { CHECKS, SEVERITIES } from "../../analysis/lint/finding.ts";
import { findingLines, lintModel } from "../../analysis/lint/lint.ts";
import { AppError } from "../../errors.ts";
import { loadModel } from "../../model/load.ts";
import type { Model } from "../../model/model.ts";
import { listed } from "../../report/fail-on.ts";
import { FINDING_RENDERERS } from "../../report/findings/audit.ts";
import type { Finding } from "../../report/findings/finding.ts";
import { LINT_CHECKS, lintKind } from "../../report/findings/kinds.ts";
import { findingRows, lintFindings, renderFindings } from "../../report/findings/lint-list.ts";
import { locateInModel } from "../../report/findings/locations.ts";
import {
  counts,
  type FindingDocument,
  type Review,
  type ReviewedFinding,
  reviewFindings,
} from "../../report/findings/review.ts";
import { RENDERERS } from "../../report/renderers/formats.ts";
import { plural } from "../../text.ts";
import { EXIT } from "../failure.ts";
import { note, noteReview, nothingToJudge } from "../notes.ts";
import { packageVersion } from "../options.ts";
import {
  chosenReportFormat,
  fileOption,
  isFindingFormat,
  type LintFormat,
  outputOption,
  renderOptions,
  writeOutput,
} from "../output.ts";
import { addFindingOptions, type FindingOptions, openReview } from "../review.ts";

interface LintOptions extends FindingOptions {
  readonly model: string;
  readonly output?: LintFormat;
}

export function registerLint(program: Command): void {
  const command = program
    .command("lint")
    .summary("check a model without traffic")
    .description(
      "Checks security groups and network ACLs without traffic: rules and entries without effect, replies that a network ACL" +
        " denies, ports open to the internet, references to nothing. With a history it checks the newest configuration." +
        " The baseline may also be the folder of an earlier model.",
    )
    .addOption(
      new Option("--model <path>", "describe-* JSON or terraform show -json: a folder or a file").makeOptionMandatory(),
    )
    .addOption(outputOption("findings"))
    .addOption(fileOption());
  addFindingOptions(
    command,
    "exit 1 if one of these checks, or anything of this severity or higher, has a finding",
  ).action(runLint);
}

async function runLint(options: LintOptions): Promise<void> {
  const watches = options.failOn === undefined ? [] : parseLintWatches(options.failOn);
  const review = await openLintReview(options);
  const model = await loadModel(options.model);
  model.notes.forEach(note);
  const found = await findingsOf(model);
  const kinds = LINT_CHECKS.map(lintKind);
  const all: ReviewedFinding[] = [];
  for (const kind of kinds) all.push(...(await reviewFindings(kind, found.get(kind.check) ?? new Map(), review)));
  all.sort((a, b) => SEVERITIES.indexOf(a.finding.severity) - SEVERITIES.indexOf(b.finding.severity));
  const shown = all.filter((one) => one.exemption === null || options.showSuppressed);
  const format = chosenReportFormat(options);
  const render = renderOptions(options);
  const columns = { withBaseline: review.baseline !== null, showSuppressed: options.showSuppressed === true };
  if (isFindingFormat(format)) {
    await writeOutput(FINDING_RENDERERS[format](await documentOf(model, kinds, shown, options)), options.o);
  } else if (format === "html")
    throw new AppError("E_USAGE", "lint does not write html", { hint: "use another --output" });
  else if (format === "table") await writeOutput(renderFindings(shown, render), options.o);
  else await writeOutput(RENDERERS[format](findingRows(shown, columns), render), options.o);
  const newest = model.snapshots.at(-1);
  if (newest === undefined || newest.securityGroups.size + newest.networkAcls.size === 0) {
    nothingToJudge("no security groups and no network ACLs in the model, nothing to check");
    return;
  }
  process.stderr.write(`${summary(shown)}\n`);
  noteReview(kinds, all, review, options.showSuppressed);
  for (const watch of watches) {
    const count = all.filter((one) => counts(one) && watch.checks(one)).length;
    if (count === 0) continue;
    process.stderr.write(`--fail-on ${watch.name}: ${plural(count, "finding")}\n`);
    process.exitCode = EXIT.found;
  }
}

async function findingsOf(model: Model): Promise<Map<string, Map<string, Finding>>> {
  const findings = lintModel(model);
  const lines = await findingLines(findings);
  return lintFindings(findings.map((finding, index) => ({ finding, line: lines[index] })));
}

/** A baseline that is a folder is an earlier model; it is checked the same way. */
async function openLintReview(options: LintOptions): Promise<Review> {
  const { baseline } = options;
  if (baseline === undefined || !statSync(baseline, { throwIfNoEntry: false })?.isDirectory()) {
    return openReview(options);
  }
  const earlier = await findingsOf(await loadModel(baseline));
  return {
    ...(await openReview({ ...options, baseline: undefined })),
    baseline: {
      findings: (kind) => Promise.resolve(earlier.get(kind.check) ?? new Map<string, Finding>()),
      close: () => undefined,
    },
  };
}

async function documentOf(
  model: Model,
  kinds: FindingDocument["kinds"],
  findings: readonly ReviewedFinding[],
  { account, region }: LintOptions,
): Promise<FindingDocument> {
  const groups = [...(model.snapshots.at(-1)?.securityGroups.values() ?? [])];
  const owners = new Set(groups.flatMap((group) => group.ownerId ?? []));
  return {
    kinds,
    findings,
    locations: await locateInModel(
      model,
      findings.map((one) => one.finding),
    ),
    toolVersion: packageVersion(),
    now: new Date(),
    account: account ?? (owners.size === 1 ? [...owners][0] : null),
    region: region ?? null,
  };
}

interface LintWatch {
  readonly name: string;
  checks(one: ReviewedFinding): boolean;
}

function parseLintWatches(text: string): LintWatch[] {
  return listed(text, "checks of lint, or high, medium, low, info").map((name) => {
    const rank = SEVERITIES.findIndex((severity) => severity === name);
    if (rank >= 0) return { name, checks: ({ finding }) => SEVERITIES.indexOf(finding.severity) <= rank };
    if (Object.hasOwn(CHECKS, name)) return { name, checks: ({ finding }) => finding.check === name };
    throw new AppError("E_USAGE", `lint has no check ${name}`, {
      hint: `there is ${[...SEVERITIES, ...LINT_CHECKS].join(", ")}`,
    });
  });
}

function summary(findings: readonly ReviewedFinding[]): string {
  const here = findings.filter((one) => one.baseline !== "gone").map((one) => one.finding);
  const parts = SEVERITIES.map((severity) => {
    return `${here.filter((one) => one.severity === severity).length} ${severity}`;
  });
  return `${plural(here.length, "finding")}: ${parts.join(", ")}`;
}
