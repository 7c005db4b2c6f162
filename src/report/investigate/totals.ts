import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { isoTime, count, plural } from "../../text.ts";
import { queryRows, type Row } from "../rows.ts";
import { factSection, type InvestigationSection } from "./sections.ts";
import { timeText } from "./subject-section.ts";

/** Every total with its SQL. */
const SUMS = {
  records: "sum(records)",
  accepted: "sum(records) filter (j.action = 'ACCEPT')",
  rejected: "sum(records) filter (j.action = 'REJECT')",
  mismatches: "sum(records) filter (j.agreement in ('unexpected_accept', 'unexpected_reject'))",
  undecided: "sum(records) filter (j.agreement = 'undecided')",
  unmodelled: "sum(records) filter (j.agreement = 'unmodelled')",
  no_data: "sum(records) filter (j.agreement = 'no_data')",
  packets: "sum(packets)",
  bytes: "sum(bytes)",
  interfaces: "count(distinct interface_idx)",
  refused: "sum(records) filter (j.action = 'REJECT' and coalesce(opened, 'subject') = 'subject')",
} as const;
type SumName = keyof typeof SUMS;
const SUM_NAMES = Object.keys(SUMS) as SumName[];

/**
 * Sums of the records of one side: logged at the interfaces of the subject, or at the far end. `first` and `last` are Unix
 * seconds; `refused` are rejected requests that the subject sent.
 */
export type Totals = Readonly<Record<SumName | "first" | "last", number>>;

const TOTALS = /* sql */ `
select
  s.own, min(first_s) as first, max(last_s) as last,
  ${SUM_NAMES.map((name) => `coalesce(${SUMS[name]}, 0)::ubigint as ${name}`).join(",\n  ")}
from seen s
join judgements j using (judgement_id)
group by s.own`;

/** Totals of the sums in `seen`; null for a side without records. */
export async function readTotals(
  evidence: EvidenceQuery,
): Promise<{ readonly own: Totals | null; readonly far: Totals | null }> {
  const rows = await queryRows(evidence, TOTALS);
  const of = (own: boolean): Totals | null => {
    const row = rows.find((each) => each.own === own);
    return row === undefined ? null : toTotals(row);
  };
  return { own: of(true), far: of(false) };
}

function toTotals(row: Row): Totals {
  return Object.fromEntries([...SUM_NAMES, "first", "last"].map((name) => [name, Number(row[name])])) as Totals;
}

/** The totals as a section. */
export function totalsSection(totals: Totals, other: Totals | null, own: boolean): InvestigationSection {
  const doubts = [
    [totals.mismatches, "disagree with the model"],
    [totals.undecided, "undecided"],
    [totals.unmodelled, "unmodelled"],
    [totals.no_data, "without traffic (NODATA, SKIPDATA)"],
  ] as const;
  const doubt = doubts.filter(([sum]) => sum > 0).map(([sum, what]) => `${count(sum)} ${what}`);
  const section = factSection("totals", "Totals", [
    [
      "records",
      `${count(totals.records)} at ${plural(totals.interfaces, "interface")}${own ? "" : " (at other interfaces: the log has none of its own)"}`,
    ],
    ["accepted", count(totals.accepted)],
    ["rejected", count(totals.rejected)],
    ["of these", doubt.join(", ")],
    ["traffic", `${plural(totals.packets, "packet")}, ${plural(totals.bytes, "byte")}`],
    ["first seen", timeText(totals.first)],
    ["last seen", timeText(totals.last)],
    [
      "at the far end",
      other === null
        ? null
        : `${count(other.accepted)} accepted, ${count(other.rejected)} rejected, as logged by ${plural(other.interfaces, "other interface")}`,
    ],
  ]);
  const { first, last, ...sums } = totals;
  const there = { accepted_there: other?.accepted ?? 0, rejected_there: other?.rejected ?? 0 };
  const times = { first_seen: isoTime(first), last_seen: isoTime(last) };
  return { ...section, data: [{ ...sums, ...there, ...times }] };
}
