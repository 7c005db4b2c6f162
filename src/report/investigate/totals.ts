import type { EvidenceQuery } from "../../store/evidence-query.ts";
import { isoTime } from "../row-stream.ts";
import { count, plural, type Row, toRows } from "../summary-text.ts";
import { factSection, type InvestigationSection } from "./sections.ts";
import { timeText } from "./subject-section.ts";

/** Sums of the records of one side: at the subject's own interfaces, or at the far end's. */
export interface Totals {
  readonly records: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly mismatches: number;
  readonly undecided: number;
  readonly unmodelled: number;
  readonly noData: number;
  readonly packets: number;
  readonly bytes: number;
  /** Unix seconds. */
  readonly first: number;
  readonly last: number;
  readonly interfaces: number;
  /** Rejected requests that the subject, not the peer, sent. */
  readonly refused: number;
}

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

/** Of the sums in `seen`; null for a side without records. */
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
  const number = (name: string): number => Number(row[name]);
  return {
    records: number("records"),
    accepted: number("accepted"),
    rejected: number("rejected"),
    mismatches: number("mismatches"),
    undecided: number("undecided"),
    unmodelled: number("unmodelled"),
    noData: number("no_data"),
    packets: number("packets"),
    bytes: number("bytes"),
    first: number("first"),
    last: number("last"),
    interfaces: number("interfaces"),
    refused: number("refused"),
  };
}

/** What happened, in sums. */
export function totalsSection(totals: Totals, other: Totals | null, own: boolean): InvestigationSection {
  const doubts = [
    [totals.mismatches, "disagree with the model"],
    [totals.undecided, "undecided"],
    [totals.unmodelled, "unmodelled"],
    [totals.noData, "without traffic (NODATA, SKIPDATA)"],
  ] as const;
  const doubt = doubts.filter(([sum]) => sum > 0).map(([sum, what]) => `${count(sum)} ${what}`);
  const section = factSection("totals", "How much", [
    [
      "records",
      `${count(totals.records)} at ${plural(totals.interfaces, "interface")}${own ? "" : " (of others: it has none of its own in the log)"}`,
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
  const { first, last, ...sums } = totals;
  const counts = Object.entries({
    ...sums,
    acceptedThere: other?.accepted ?? 0,
    rejectedThere: other?.rejected ?? 0,
  }).map(([name, sum]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), sum] as const);
  return {
    columns: [
      ...counts.map(([name]) => [name, "UBIGINT"] as const),
      ["first_seen", "TIMESTAMP"],
      ["last_seen", "TIMESTAMP"],
    ],
    rows: [[...counts.map(([, sum]) => sum), isoTime(first), isoTime(last)]],
  };
}
