import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../errors.ts";
import type { Exemptions } from "../report/findings/exemptions.ts";
import type { Review } from "../report/findings/review.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";

/** Options of the commands that compare findings with reviewed exemptions and with an earlier run. */
export interface ReviewOptions {
  readonly exemptions?: string;
  readonly baseline?: string;
  readonly showSuppressed?: boolean;
  readonly failOn?: string;
}

/** Of the commands that print findings. */
export interface FindingOptions extends ReviewOptions {
  readonly o?: string;
  readonly account?: string;
  readonly region?: string;
}

export function addReviewOptions(command: Command, failOn: string): Command {
  return command
    .option("--fail-on <list>", failOn)
    .option(
      "--exemptions <file>",
      "JSON of reviewed exemptions; findings that they cover are left out until they expire",
    )
    .option(
      "--baseline <file>",
      "findings of an earlier run (evidence file, SARIF or JSON) to compare with: new, gone or still there",
    );
}

export function addFindingOptions(command: Command, failOn: string): Command {
  const account = matching(/^\d{12}$/, "give the 12 digits of an account");
  const region = matching(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, "give a region such as eu-central-1");
  return addReviewOptions(command, failOn)
    .option("--show-suppressed", "also show the findings that exemptions cover, with the reason")
    .option("--account <id>", "AWS account of the findings, if the evidence does not say", account)
    .option("--region <region>", "AWS region of the findings, if the evidence does not say", region);
}

function matching(pattern: RegExp, otherwise: string): (text: string) => string {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(otherwise);
  };
}

/** Reads exemptions and opens the baseline; close the baseline afterwards. */
export async function openReview(
  options: ReviewOptions,
  wrap?: (evidence: EvidenceQuery) => EvidenceQuery,
): Promise<Review> {
  if (options.showSuppressed && options.exemptions === undefined) {
    throw new AppError("E_USAGE", "--show-suppressed needs --exemptions");
  }
  const today = new Date().toISOString().slice(0, 10);
  const exemptions = options.exemptions === undefined ? null : await loadExemptions(options.exemptions, today);
  if (options.baseline === undefined) return { exemptions, baseline: null };
  // Only a baseline needs DuckDB.
  const { openBaseline } = await import("../report/findings/baseline.ts");
  return { exemptions, baseline: await openBaseline(options.baseline, wrap) };
}

/** The validator (zod) is loaded only when there is a file to read. */
async function loadExemptions(file: string, today: string): Promise<Exemptions> {
  const { readExemptions } = await import("../report/findings/exemptions.ts");
  const { ALL_CHECKS } = await import("../report/findings/kinds.ts");
  return readExemptions(file, today, ALL_CHECKS);
}
