import { isoTime } from "../row-stream.ts";
import { count, plural } from "../summary-text.ts";
import { factSection, type InvestigationSection } from "./sections.ts";
import type { Totals } from "./totals.ts";
import { timeText } from "./who.ts";

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
