import type { Report } from "../report/catalogue.ts";
import {
  FINDING_RENDERERS,
  type FindingFormat,
  type FindingReport,
  reviewReports,
  whereFrom,
} from "../report/findings/audit.ts";
import type { FindingKind } from "../report/findings/finding.ts";
import { kindOf } from "../report/findings/kinds.ts";
import { annotateRows, type FindingDocument, type Review, type ReviewedFinding } from "../report/findings/review.ts";
import { type GivenParameters, ownParameters } from "../report/parameters.ts";
import type { OutputFormat } from "../report/renderers/formats.ts";
import { type Annotate, renderSections, runReport } from "../report/run-report.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";
import { note, noteReview } from "./notes.ts";
import { packageVersion } from "./options.ts";
import { renderOptions, writeOutput } from "./output.ts";
import type { FindingOptions } from "./review.ts";

/** Findings of reports as SARIF, OCSF or ASFF. */
export async function writeFindings(
  evidence: EvidenceQuery,
  format: FindingFormat,
  reports: readonly FindingReport[],
  given: GivenParameters,
  review: Review,
  options: FindingOptions,
): Promise<void> {
  const { locateInEvidence } = await import("../report/findings/locations.ts");
  const reviewed = await reviewReports(evidence, reports, given, review);
  const kinds = reports.map((one) => one.kind);
  const shown = reviewed.filter((one) => one.exemption === null || options.showSuppressed);
  const where = await whereFrom(evidence);
  const document: FindingDocument = {
    kinds,
    findings: shown,
    locations: await locateInEvidence(
      evidence,
      shown.map((one) => one.finding),
      note,
    ),
    toolVersion: packageVersion(),
    now: new Date(),
    account: options.account ?? where.account,
    region: options.region ?? where.region,
  };
  await writeOutput(FINDING_RENDERERS[format](document), options.o);
  if (given.limit !== undefined) for (const { report } of reports) await noteLeftOut(evidence, report, given);
  noteReview(kinds, reviewed, review, options.showSuppressed);
}

/** Without a limit that the user gives, every row becomes a finding. */
async function noteLeftOut(evidence: EvidenceQuery, report: Report, given: GivenParameters): Promise<void> {
  const { chunks, leftOut } = await runReport(evidence, report, ownParameters(report, given));
  for await (const _ of chunks);
  const text = await leftOut();
  if (text !== null) note(text);
}

/** Rows of reports, each with the review of the finding that it states. */
export async function writeReviewedRows(
  evidence: EvidenceQuery,
  format: OutputFormat,
  reports: readonly Report[],
  given: GivenParameters,
  review: Review,
  options: FindingOptions,
): Promise<void> {
  const asked = review.exemptions !== null || review.baseline !== null;
  const kinds: FindingKind[] = [];
  const all: ReviewedFinding[] = [];
  const annotate: Annotate = async (report) => {
    const kind = kindOf(report);
    if (kind === null) return (result) => result;
    const reviewed = asked ? await reviewReports(evidence, [{ report, kind }], given, review) : null;
    kinds.push(kind);
    all.push(...(reviewed ?? []));
    return (result) =>
      annotateRows(result, {
        kind,
        reviewed,
        withBaseline: review.baseline !== null,
        showSuppressed: options.showSuppressed === true,
        withId: format === "json" || format === "csv",
      });
  };
  await writeOutput(
    renderSections(evidence, reports, given, format, renderOptions(options), annotate, note),
    options.o,
  );
  noteReview(kinds, all, review, options.showSuppressed);
}
