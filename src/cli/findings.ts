import { type Command, InvalidArgumentError, Option } from "commander";
import { AppError } from "../errors.ts";
import type { FindingKind } from "../report/findings/finding.ts";
import type { Exemptions } from "../report/findings/exemptions.ts";
import type { Review, ReviewedFinding } from "../report/findings/review.ts";
import { visible } from "../report/renderers/renderer.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";

/** Options of the commands that hold findings against reviewed exemptions and an earlier run. */
export interface ReviewOptions {
  readonly exemptions?: string;
  readonly baseline?: string;
  readonly showSuppressed?: boolean;
  readonly failOn?: string;
}

export function addReviewOptions(command: Command, failOn: string): Command {
  return command
    .option("--fail-on <list>", failOn)
    .option("--exemptions <file>", "JSON of reviewed exemptions: what they cover is left out until they expire")
    .option("--baseline <file>", "findings of an earlier run (evidence file, SARIF or JSON): new, gone or still there");
}

export const suppressedOption = (): Option =>
  new Option("--show-suppressed", "show what exemptions cover as well, with the reason");

export const accountOption = (): Option =>
  new Option("--account <id>", "AWS account of the findings, where the evidence does not say").argParser(
    (text: string) => {
      if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError("give the 12 digits of an account");
      return text;
    },
  );

export const findingRegionOption = (): Option =>
  new Option("--region <region>", "AWS region of the findings, where the evidence does not say").argParser(
    (text: string) => {
      if (!/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(text))
        throw new InvalidArgumentError("give a region such as eu-central-1");
      return text;
    },
  );

/** Reads exemptions and opens the baseline; close the baseline afterwards. */
export async function openReview(
  options: ReviewOptions,
  wrap?: (evidence: EvidenceQuery) => EvidenceQuery,
): Promise<Review> {
  if (options.showSuppressed && options.exemptions === undefined) {
    throw new AppError("E_USAGE", "--show-suppressed goes with --exemptions");
  }
  const today = new Date().toISOString().slice(0, 10);
  const exemptions = options.exemptions === undefined ? null : await loadExemptions(options.exemptions, today);
  if (options.baseline === undefined) return { exemptions, baseline: null };
  // Only a baseline needs DuckDB here.
  const { openBaseline } = await import("../report/findings/baseline.ts");
  return { exemptions, baseline: await openBaseline(options.baseline, wrap) };
}

/** What validates the file is loaded only for one. */
async function loadExemptions(file: string, today: string): Promise<Exemptions> {
  const { readExemptions } = await import("../report/findings/exemptions.ts");
  const { ALL_CHECKS } = await import("../report/findings/kinds.ts");
  return readExemptions(file, today, ALL_CHECKS);
}

/** Says what exemptions did, and how the findings differ from the baseline. */
export function noteReview(
  kinds: readonly FindingKind[],
  findings: readonly ReviewedFinding[],
  { exemptions, baseline }: Review,
  { showSuppressed }: ReviewOptions,
): void {
  const lines: string[] = [];
  if (exemptions !== null) {
    const count = findings.filter((one) => one.exemption !== null).length;
    const shown = showSuppressed || count === 0 ? "" : "; --show-suppressed lists them";
    lines.push(`${count} ${count === 1 ? "finding" : "findings"} suppressed by exemptions${shown}`);
    lines.push(...exemptions.notes(new Set(kinds.map((kind) => kind.check))));
  }
  if (baseline !== null) {
    const stated = findings.filter((one) => one.finding.state === "fail" && one.exemption === null);
    const count = (state: string): string => `${stated.filter((one) => one.baseline === state).length} ${state}`;
    lines.push(`against the baseline: ${count("new")}, ${count("gone")}, ${count("still")}`);
  }
  for (const line of lines) process.stderr.write(`note: ${visible(line)}\n`);
}
