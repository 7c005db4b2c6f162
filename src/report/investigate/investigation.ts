import { AppError } from "../../errors.ts";
import type { Model } from "../../model/model.ts";
import type { EvidenceQuery } from "../../store/evidence-query.ts";
import type { Investigated } from "../../store/stored-records.ts";
import { count, plural } from "../../text.ts";
import { causeSentence } from "../explanation.ts";
import { queryRows } from "../rows.ts";
import { activitySections, summedSection } from "./activity.ts";
import { CONNECTIONS_OF_PICKED, connectionsOf } from "./connections.ts";
import { decisionSection } from "./decisions.ts";
import { pickedRecords, SUMS_OF_PICKED } from "./records-sql.ts";
import { type ResolvedSubject, resolveSubject, subjectRecords } from "./resolve.ts";
import { factSection, type Investigation, type InvestigationSection } from "./sections.ts";
import { timeText, subjectSection } from "./subject-section.ts";
import type { Period } from "./subject.ts";
import { readTotals, type Totals, totalsSection } from "./totals.ts";
import { unusedReachSections } from "./reach-sections.ts";

export interface InvestigationOptions {
  readonly period: Period;
  /** Maximum number of rows in a section. */
  readonly limit: number;
}

const LOG = /* sql */ `
select min(nullif(first_s, 0)) as first, max(last_s) as last, sum(records)::ubigint as records,
  (select sum(records)::ubigint from prunes) as pruned, (select max(epoch(before))::ubigint from prunes) as pruned_before,
  exists (from flow_rows) or exists (from flow_rows_wide) as has_flows
from activity`;

interface Log {
  readonly first: number;
  readonly last: number;
  readonly records: number;
  readonly hasFlows: boolean;
  readonly note: string;
}

/**
 * Everything about an address, a block, an interface, an instance, a group or a rule. Throws `E_USAGE` if neither the log nor
 * the configuration has the subject.
 */
export async function investigate(
  { evidence, model, gather }: Investigated,
  text: string,
  { period, limit }: InvestigationOptions,
): Promise<Investigation> {
  const log = await readLog(evidence);
  const known = await resolveSubject(evidence, model, text, period.until ?? log.last);
  const picked = pickedRecords(subjectRecords(known), period);
  await gather("seen", picked.sql + SUMS_OF_PICKED, picked.parameters);
  await gather("connections", picked.sql + CONNECTIONS_OF_PICKED, picked.parameters);
  const { own, far } = await readTotals(evidence);
  const totals = own ?? far;
  const whole = period.from === null && period.until === null;
  const summed = whole && log.note !== "" ? await summedSection(evidence, subjectRecords(known), limit) : null;
  const seenBefore =
    totals !== null || (summed !== null && summed.total > 0) || known.configured || (await hasRecords(evidence, known));
  if (!seenBefore) throw unknown(known, model, log);
  const title = `${TITLES[known.subject.kind]} ${known.subject.id}`;
  const subject = await subjectSection(evidence, known, (own?.refused ?? 0) + (far?.refused ?? 0));
  const byOwn = own !== null;
  // The entry of a network ACL sees one direction of a connection.
  const ofEntry = known.rules[0]?.layer === "nacl";
  const connections = totals === null || ofEntry ? null : await connectionsOf(evidence, byOwn, limit);
  const sections: InvestigationSection[] = connections === null ? [subject] : [connections.section, subject];
  if (totals !== null) {
    const decisions = await decisionSection(evidence, byOwn, limit);
    sections.push(
      totalsSection(totals, byOwn ? far : null, byOwn),
      ...(await activitySections(evidence, picked, byOwn, totals, limit)),
      decisions,
      ...causeSections(decisions),
    );
  }
  if (summed !== null) sections.push(summed);
  sections.push(...(await unusedReachSections(evidence, known, period, limit)));
  const summary = summaryText(totals, own === null ? null : far, period, log);
  return { title, summary: [connections?.answer ?? "", summary].filter((part) => part !== "").join(" "), sections };
}

const TITLES: Readonly<Record<ResolvedSubject["subject"]["kind"], string>> = {
  address: "Address",
  block: "Block",
  interface: "Interface",
  instance: "Instance",
  group: "Security group",
  rule: "Rule",
};

async function readLog(evidence: EvidenceQuery): Promise<Log> {
  const [row] = await queryRows(evidence, LOG);
  const notes = [
    row.has_flows === true || row.records === null
      ? ""
      : "The evidence file has only sums (--no-flows, or pruned), so no single records can be shown.",
    row.pruned === null || row.pruned === undefined
      ? ""
      : `${plural(row.pruned, "record")} before ${timeText(Number(row.pruned_before))} ${row.pruned === 1 ? "was" : "were"} pruned and ${row.pruned === 1 ? "does" : "do"} not count here.`,
  ];
  return {
    first: Number(row.first ?? 0),
    last: Number(row.last ?? 0),
    records: Number(row.records ?? 0),
    hasFlows: row.has_flows === true,
    note: notes.filter((note) => note !== "").join(" "),
  };
}

/** Whether the log has records of the subject outside the period. */
async function hasRecords(evidence: EvidenceQuery, known: ResolvedSubject): Promise<boolean> {
  const { sql, parameters } = pickedRecords(subjectRecords(known), { from: null, until: null });
  return (await evidence.run(`${sql} select 1 from picked limit 1`, parameters)).rows.length > 0;
}

function summaryText(
  totals: Totals | null,
  there: Totals | null,
  { from, until }: Period,
  { first, last, hasFlows, note }: Log,
): string {
  const asked =
    from === null && until === null
      ? ""
      : ` in the requested time (${timeText(from) || "begin"} to ${timeText(until) || "end"})`;
  const log = `The log covers ${timeText(first)} to ${timeText(last)}.`;
  const what =
    totals === null
      ? hasFlows
        ? `No record${asked}.`
        : ""
      : `${plural(totals.records, "record")}${asked}: ${count(totals.accepted)} accepted, ${count(totals.rejected)} rejected${totals.mismatches > 0 ? `, ${count(totals.mismatches)} against the model` : ""}${there === null || there.rejected === 0 ? "" : `, ${count(there.rejected)} rejected by the far end`}; ${timeText(totals.first)} to ${timeText(totals.last)}.`;
  return [what, last === 0 ? "The log is empty." : log, note].filter((part) => part !== "").join(" ");
}

/** The causes of the decisions, each in a sentence. */
function causeSections({ rows }: InvestigationSection): InvestigationSection[] {
  const causes = [...new Set(rows.flatMap(({ cause }) => (typeof cause === "string" ? cause : [])))].sort();
  const facts = causes.map((cause) => [cause, causeSentence(cause)] as const);
  return causes.length === 0 ? [] : [factSection("causes", "Causes", facts)];
}

function unknown({ subject }: ResolvedSubject, model: Model | null, log: Log): AppError {
  const looked = `${plural(log.records, "record")}, ${timeText(log.first)} to ${timeText(log.last)}`;
  const what =
    "prefix" in subject
      ? "no record, interface, subnet or rule has"
      : `neither the log nor the model has the ${TITLES[subject.kind].toLowerCase()}`;
  return new AppError("E_USAGE", `${what} ${subject.id}`, {
    hint: `the evidence file ${log.note === "" ? "holds" : "counts"} ${looked}${model === null ? ", and no model" : ""}${subject.kind === "address" ? "; a wider block such as .../24 may show its neighbours" : ""}`,
  });
}
