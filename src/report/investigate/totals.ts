import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { isoTime, count, plural } from "../../text.ts";
import { type Row, toRows } from "../rows.ts";
import { factSection, type InvestigationSection } from "./sections.ts";
import { timeText } from "./subject-section.ts";

const SUM_NAMES = [
  "records",
  "accepted",
  "rejected",
  "mismatches",
  "undecided",
  "unmodelled",
  "no_data",
  "packets",
  "bytes",
  "interfaces",
  "refused",
] as const;

/**
 * Sums of the records of one side: logged at the interfaces of the subject, or at the far end. `first` and `last` are Unix
 * seconds; `refused` are rejected requests that the subject sent.
 */
export type Totals = Readonly<Record<(typeof SUM_NAMES)[number] | "first" | "last", number>>;

const SUMS = /* sql */ `
select
  s.own,
  sum(records)::ubigint as records,
  coalesce(sum(records) filter (j.action = 'ACCEPT'), 0)::ubigint as accepted,
  coalesce(sum(records) filter (j.action = 'REJECT'), 0)::ubigint as rejected,
  coalesce(sum(records) filter (j.agreement in ('unexpected_accept', 'unexpected_reject')), 0)::ubigint as mismatches,
  coalesce(sum(records) filter (j.agreement = 'undecided'), 0)::ubigint as undecided,
  coalesce(sum(records) filter (j.agreement = 'unmodelled'), 0)::ubigint as unmodelled,
  coalesce(sum(records) filter (j.agreement = 'no_data'), 0)::ubigint as no_data,
  sum(packets)::ubigint as packets,
  sum(bytes)::ubigint as bytes,
  min(first_s) as first,
  max(last_s) as last,
  count(distinct interface_idx) as interfaces,
  coalesce(sum(records) filter (j.action = 'REJECT' and coalesce(opened, 'subject') = 'subject'), 0)::ubigint as refused
from seen s
join judgements j using (judgement_id)
group by s.own`;

/** Totals of the sums in `seen`; null for a side without records. */
export async function readTotals(
  evidence: EvidenceQuery,
): Promise<{ readonly own: Totals | null; readonly far: Totals | null }> {
  const rows = toRows(await evidence.run(SUMS));
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
  return { ...section, data: dataOf(totals, other) };
}

function dataOf(totals: Totals, other: Totals | null): NonNullable<InvestigationSection["data"]> {
  const counts = [
    ...SUM_NAMES.map((name) => [name, totals[name]] as const),
    ["accepted_there", other?.accepted ?? 0] as const,
    ["rejected_there", other?.rejected ?? 0] as const,
  ];
  return {
    columns: [
      ...counts.map(([name]) => [name, "UBIGINT"] as const),
      ["first_seen", "TIMESTAMP"],
      ["last_seen", "TIMESTAMP"],
    ],
    rows: [[...counts.map(([, sum]) => sum), isoTime(totals.first), isoTime(totals.last)]],
  };
}
