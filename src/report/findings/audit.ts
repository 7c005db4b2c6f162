import { AppError } from "../../errors.ts";
import type { EvidenceQuery } from "../../store/evidence-query.ts";
import type { Report } from "../catalogue.ts";
import type { GivenParameters } from "../parameters.ts";
import { renderAsff } from "./asff.ts";
import { collectFindings, type FindingKind } from "./finding.ts";
import { AUDIT_REPORTS, kindOf } from "./kinds.ts";
import { renderOcsf } from "./ocsf.ts";
import { type FindingDocument, type Review, type ReviewedFinding, reviewFindings } from "./review.ts";
import { renderSarif } from "./sarif.ts";

/** A report whose rows are findings. */
export interface FindingReport {
  readonly report: Report;
  readonly kind: FindingKind;
}

/** The named reports, or those of an audit. Throws `E_USAGE` for a report that lists facts. */
export function findingReports(named: readonly Report[], catalogue: readonly Report[]): FindingReport[] {
  const audit = AUDIT_REPORTS.flatMap((name) => catalogue.filter((report) => report.name === name));
  return (named.length > 0 ? named : audit).map((report) => {
    const kind = kindOf(report);
    if (kind !== null) return { report, kind };
    const known = catalogue.filter((one) => kindOf(one) !== null).map((one) => one.name);
    throw new AppError("E_USAGE", `${report.name} lists facts and has no findings`, {
      hint: `reports with findings: ${known.join(", ")}`,
    });
  });
}

/** All findings of the reports, reviewed. */
export async function reviewReports(
  evidence: EvidenceQuery,
  reports: readonly FindingReport[],
  given: GivenParameters,
  review: Review,
): Promise<ReviewedFinding[]> {
  const all: ReviewedFinding[] = [];
  for (const { report, kind } of reports) {
    const found = await collectFindings(evidence, report, kind, given);
    all.push(...(await reviewFindings(kind, found, review, report, given)));
  }
  return all;
}

export type FindingFormat = "sarif" | "ocsf" | "asff";

/** By the name that `--output` takes. */
export const FINDING_RENDERERS: Readonly<Record<FindingFormat, (document: FindingDocument) => AsyncIterable<string>>> =
  { sarif: renderSarif, ocsf: renderOcsf, asff: renderAsff };

const ACCOUNTS = "select distinct account_id from interface_dim where account_id is not null order by 1 limit 2";
const REGIONS = `select distinct regexp_extract(source_object, '_vpcflowlogs_([a-z]{2}(?:-[a-z]+)+-[0-9]+)_fl-', 1) as region
  from objects where region <> '' order by 1 limit 2`;

/** Account and region of the evidence, if it names exactly one; else null. */
export async function whereFrom(evidence: EvidenceQuery): Promise<{ account: string | null; region: string | null }> {
  const only = async (sql: string): Promise<string | null> => {
    const { rows } = await evidence.run(sql);
    return rows.length === 1 ? String(rows[0][0]) : null;
  };
  return { account: await only(ACCOUNTS), region: await only(REGIONS) };
}
