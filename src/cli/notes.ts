import type { Report } from "../report/catalogue.ts";
import type { FindingKind } from "../report/findings/finding.ts";
import type { Review, ReviewedFinding } from "../report/findings/review.ts";
import { visible } from "../report/renderers/renderer.ts";
import { UNKEPT } from "../report/summary-queries.ts";
import type { EvidenceQuery } from "../store/evidence-query.ts";
import { plural } from "../text.ts";
import { EXIT } from "./failure.ts";

/** A remark beside the output, on stderr. */
export function note(text: string): void {
  process.stderr.write(`note: ${visible(text)}\n`);
}

/** The command ran and had nothing to look at. */
export function nothingToJudge(why: string): void {
  process.stderr.write(`flowreplay: ${why}\n`);
  process.exitCode = EXIT.nothingToJudge;
}

export const NO_RECORDS = "no records in the evidence file (--no-flows, or pruned), nothing to judge";

/** Why no record of the evidence file has a time. */
export async function whyNoTimes(evidence: EvidenceQuery): Promise<string> {
  const [[hasRecords]] = (await evidence.run("select exists (from flow_facts)")).rows;
  return hasRecords === true ? "the records carry no times, nothing to judge" : NO_RECORDS;
}

const PRUNED = "select sum(records) as records, strftime(max(before), '%Y-%m-%d %H:%M') as before from prunes";

/** `15,855 records before … UTC were …`. */
function tell(records: unknown, which: string, what: string): void {
  note(`${plural(Number(records), "record")}${which} ${Number(records) === 1 ? "was" : "were"} ${what}`);
}

/** Says that pruned records are not judged again, and what follows from it. */
export async function notePruned(
  evidence: EvidenceQuery,
  consequence = "what only they needed can break unseen",
): Promise<void> {
  const [[records, before]] = (await evidence.run(PRUNED)).rows;
  if (records !== null) {
    tell(records, ` before ${String(before)} UTC`, `pruned and cannot be judged again: ${consequence}`);
  }
}

/** Says that the log is shorter than `minDays`, and what follows from it. */
export async function noteShortWindow(evidence: EvidenceQuery, minDays: number, consequence: string): Promise<void> {
  const sql = `with log as (select min(first_evidence) as first, max(last_evidence) as last from coverage)
    select window_length(first, last) from log where is_short(first, last, $min_days)`;
  const [short] = (await evidence.run(sql, { min_days: minDays })).rows;
  if (short !== undefined) {
    note(`the log covers ${String(short[0])}, less than ${plural(minDays, "day")}: ${consequence}`);
  }
}

/** Says which of the reports do not see records that were pruned, or that --no-flows never kept. */
export async function noteUnseen(evidence: EvidenceQuery, reports: readonly Report[]): Promise<void> {
  const blind = reports.filter((report) => report.readsRecords).map((report) => report.name);
  const unsure = reports.filter((report) => report.tellsScanners).map((report) => report.name);
  if (blind.length === 0 && unsure.length === 0) return;
  const [[records, before]] = (await evidence.run(PRUNED)).rows;
  const [[unkept]] = (await evidence.run(UNKEPT)).rows;
  const unseen = `${blind.join(", ")} ${blind.length === 1 ? "does" : "do"} not see them`;
  if (records !== null && blind.length > 0) tell(records, ` before ${String(before)} UTC`, `pruned: ${unseen}`);
  if (Number(unkept) === 0) return;
  const sums = "kept as sums only (--no-flows)";
  if (blind.length > 0) tell(unkept, "", `${sums}: ${unseen}`);
  if (unsure.length > 0) tell(unkept, "", `${sums}: ${unsure.join(", ")} cannot tell scanners by them`);
}

/** Says what exemptions did, and how the findings differ from the baseline. */
export function noteReview(
  kinds: readonly FindingKind[],
  findings: readonly ReviewedFinding[],
  { exemptions, baseline }: Review,
  showSuppressed: boolean | undefined,
): void {
  if (exemptions !== null) {
    const suppressed = findings.filter((one) => one.exemption !== null).length;
    const hint = showSuppressed || suppressed === 0 ? "" : "; --show-suppressed lists them";
    note(`${plural(suppressed, "finding")} suppressed by exemptions${hint}`);
    for (const text of exemptions.notes(new Set(kinds.map((kind) => kind.check)))) note(text);
  }
  if (baseline !== null) {
    const stated = findings.filter((one) => one.finding.state === "fail" && one.exemption === null);
    const count = (state: string): string => `${stated.filter((one) => one.baseline === state).length} ${state}`;
    note(`against the baseline: ${count("new")}, ${count("gone")}, ${count("still")}`);
  }
}
