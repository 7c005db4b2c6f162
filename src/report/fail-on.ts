import { AppError } from "../errors.ts";
import type { Reader } from "../store/reader.ts";
import { findReport, type Report } from "./catalogue.ts";
import { runReport } from "./run-report.ts";

const AGREEMENTS = ["unexpected_accept", "unexpected_reject", "undecided", "unmodelled", "no_data"];

/** One thing that `--fail-on` watches: an agreement, or a report that must have no rows. */
export type Watch = { readonly agreement: string } | { readonly report: Report };

/** Reads `--fail-on`, a comma-separated list, before any work is done. Throws E_USAGE for a name that is neither. */
export function parseWatches(text: string, catalogue: readonly Report[]): Watch[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) {
    throw new AppError("E_USAGE", "--fail-on names nothing", { hint: `give ${AGREEMENTS.join(", ")} or a report` });
  }
  return names.map((name) =>
    AGREEMENTS.includes(name) ? { agreement: name } : { report: findReport(catalogue, name) },
  );
}

/** What was found, as `name: count` lines; empty when everything is as it should be. */
export async function checkWatches(reader: Reader, watches: readonly Watch[]): Promise<string[]> {
  const found: string[] = [];
  for (const watch of watches) {
    if ("agreement" in watch) {
      const sql = `select coalesce(sum(a.records), 0)::bigint as records
        from activity a join judgements j using (judgement_id) where j.agreement = $agreement`;
      const { rows } = await reader.run(sql, watch);
      const count = Number(rows[0]?.[0] ?? 0);
      if (count > 0) found.push(`${watch.agreement}: ${count} records`);
    } else {
      const count = await countFindings(reader, watch.report);
      if (count > 0) found.push(`${watch.report.name}: ${count} findings`);
    }
  }
  return found;
}

/** Rows of the report; where it grades them, only those that state something (`unused`, not `insufficient_evidence`). */
async function countFindings(reader: Reader, report: Report): Promise<number> {
  const result = await runReport(reader, report);
  const status = result.columns.findIndex((column) => column.name === "status");
  let count = 0;
  for await (const rows of result.chunks) {
    for (const row of rows) if (status < 0 || row[status] !== "insufficient_evidence") count++;
  }
  return count;
}
