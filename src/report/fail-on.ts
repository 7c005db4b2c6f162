import { AppError } from "../errors.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";
import { plural } from "../text.ts";
import { findReport, type Report } from "./catalogue.ts";
import { collectFindings } from "./findings/finding.ts";
import { kindOf } from "./findings/kinds.ts";
import { counts, type Review, reviewFindings } from "./findings/review.ts";
import { ownParameters } from "./parameters.ts";
import { countRows } from "./run-report.ts";

/** Agreements, each with the report that has their findings. NODATA and SKIPDATA records are in no report. */
const AGREEMENTS: ReadonlyMap<string, string | null> = new Map([
  ["unexpected_accept", "mismatch-summary"],
  ["unexpected_reject", "mismatch-summary"],
  ["undecided", "model-gaps"],
  ["unmodelled", "model-gaps"],
  ["no_data", null],
]);

/** One item of `--fail-on`: an agreement with its report, or a report that must not have findings. */
export interface Watch {
  readonly agreement: string | null;
  readonly report: Report | null;
}

/** Reads `--fail-on`, a comma-separated list. Throws E_USAGE for an unknown name. */
export function parseWatches(text: string, catalogue: readonly Report[]): Watch[] {
  return listed(text, [...AGREEMENTS.keys()].join(", ") + " or a report").map((name) => {
    const report = AGREEMENTS.has(name) ? AGREEMENTS.get(name) : name;
    return { agreement: AGREEMENTS.has(name) ? name : null, report: report ? findReport(catalogue, report) : null };
  });
}

/** The names of a list. Throws E_USAGE if it is empty. */
export function listed(text: string, choices: string): string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new AppError("E_USAGE", "--fail-on is empty", { hint: `give ${choices}` });
  return names;
}

/**
 * What was found, as lines `name: count`; empty if there is nothing. Findings that are open, exempt or in the baseline do not
 * count.
 * @throws AppError E_USAGE if a report needs records that the evidence file does not hold, so that no finding proves nothing.
 */
export async function checkWatches(
  evidence: EvidenceQuery,
  watches: readonly Watch[],
  review: Review,
  minDays: number,
): Promise<string[]> {
  const found: string[] = [];
  const reviewed = review.exemptions !== null || review.baseline !== null;
  for (const { agreement, report } of watches) {
    if (agreement !== null && (report === null || !reviewed)) {
      const records = await countRecords(evidence, agreement);
      if (records > 0) found.push(`${agreement}: ${plural(records, "record")}`);
      continue;
    }
    if (report === null) continue;
    await needRecords(evidence, report);
    const count = await countFindings(evidence, report, review, agreement, minDays);
    if (count > 0) found.push(`${agreement ?? report.name}: ${plural(count, "finding")}`);
  }
  return found;
}

async function countRecords(evidence: EvidenceQuery, agreement: string): Promise<number> {
  const sql = `select coalesce(sum(a.records), 0)::bigint as records
    from activity a join judgements j using (judgement_id) where j.agreement = $agreement`;
  const { rows } = await evidence.run(sql, { agreement });
  return Number(rows[0]?.[0] ?? 0);
}

async function countFindings(
  evidence: EvidenceQuery,
  report: Report,
  review: Review,
  agreement: string | null,
  minDays: number,
): Promise<number> {
  const kind = kindOf(report);
  if (kind === null) return countRows(evidence, report, {});
  const given = ownParameters(report, { min_days: String(minDays) });
  const found = await collectFindings(evidence, report, kind, given);
  const findings = await reviewFindings(kind, found, review, report, given);
  return findings.filter((one) => counts(one) && (agreement === null || one.finding.row.agreement === agreement))
    .length;
}

const HELD = `select
  (select coalesce(sum(records), 0) from objects) > 0
  and not exists (from flow_rows) and not exists (from flow_rows_wide)
  and exists (from activity) as lost`;

async function needRecords(evidence: EvidenceQuery, { name, readsRecords }: Report): Promise<void> {
  if (!readsRecords) return;
  const { rows } = await evidence.run(HELD);
  if (rows[0]?.[0] !== true) return;
  throw new AppError("E_USAGE", `--fail-on ${name} needs single records, but the evidence file has none`, {
    hint: "they were pruned, or replayed with --no-flows; watch unexpected_accept, unexpected_reject or mismatch-summary",
  });
}
