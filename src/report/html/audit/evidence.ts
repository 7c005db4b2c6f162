import type { EvidenceQuery } from "../../../store/evidence-query.ts";
import { queryRows } from "../../rows.ts";

/** From the first to the last record, Unix seconds. */
export interface Window {
  readonly first: number;
  readonly last: number;
  /** False if only sums were kept (`--no-flows`): then nothing is known below the hour. */
  readonly hasFlows: boolean;
}

const WINDOW = /* sql */ `
select
  coalesce(min(nullif(first_s, 0)), 0) as first,
  coalesce(max(last_s), 0) as last,
  exists (from flow_rows) or exists (from flow_rows_wide) as has_flows
from activity`;

export async function readWindow(evidence: EvidenceQuery): Promise<Window> {
  const [{ first, last, has_flows: hasFlows }] = await queryRows(evidence, WINDOW);
  return { first: Number(first), last: Number(last), hasFlows: hasFlows === true };
}

const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/** A round step, in seconds, that cuts the window into at most `most` buckets; at least an hour if there are no flows. */
export function stepFor({ first, last, hasFlows }: Window, most: number): number {
  const span = last - first + 1;
  return (
    STEPS.find((step) => span / step <= most && (hasFlows || step >= 3600)) ??
    Math.ceil(span / most / 604_800) * 604_800
  );
}

/** The buckets of the window: start of the first one, and their number. */
export function bucketsOf({ first, last }: Window, step: number): { readonly start: number; readonly count: number } {
  const start = Math.floor(first / step) * step;
  return { start, count: Math.floor((last - start) / step) + 1 };
}

/**
 * SQL of records by bucket and judgement, with the start of the bucket (Unix seconds) as `t`. It reads the hourly sums if
 * the step is no finer.
 */
export function bucketSql(step: number): string {
  return step >= 3600
    ? `select hour * 3600 // ${step} * ${step} as t, judgement_id, sum(records)::ubigint as records from activity group by all`
    : `select start_s // ${step} * ${step} as t, judgement_id, count(*) as records from flow_facts group by all`;
}

/** Most rows of a table of records on the page; the report itself has the rest. */
export const ROW_LIMIT = 10_000;
