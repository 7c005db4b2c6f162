import type { Plain, EvidenceQuery } from "../store/evidence-query.ts";
import { count, plural } from "../text.ts";
import { loadReport } from "./catalogue.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { bar, grid, heading, paragraph } from "./renderers/text-layout.ts";
import { type Row, toRows, ruleText } from "./rows.ts";
import { withDefaults } from "./run-report.ts";
import {
  AGREEMENTS,
  incompleteInterfaces,
  OPEN_WITHOUT_USE,
  probingSources,
  TOTALS,
  UNKEPT,
  unusedRules,
} from "./summary-queries.ts";

export interface SummaryOptions extends RenderOptions {
  /** Maximum number of rows in each part; default 5. */
  readonly limit?: number;
}

/** The most important findings, each with the report that has the rest. */
export async function renderSummary(evidence: Pick<EvidenceQuery, "run">, options: SummaryOptions): Promise<string> {
  const limit = options.limit ?? 5;
  const ask = async (sql: string): Promise<Row[]> => toRows(await evidence.run(sql));
  const report = (name: string): string => withDefaults(loadReport(name));
  // All at once: the queries of a file that was just written run on every core.
  const [probing, unused, open, gaps, differing, [totals], [unkept], agreements, bad] = await Promise.all([
    ask(probingSources(limit)),
    // Only the rows that are shown cross into JavaScript: a hundred thousand rows would take half a second.
    ask(unusedRules(report("unused-rules"), limit)),
    ask(OPEN_WITHOUT_USE),
    ask(incompleteInterfaces(limit)),
    ask(report("mismatch-summary")),
    ask(TOTALS),
    ask(UNKEPT),
    ask(AGREEMENTS),
    ask(report("bad-lines")),
  ]);
  const parts = [
    overview({ ...totals, ...unkept }, agreements, options),
    mismatches(differing, limit, options),
    probes(probing, limit, options),
    ...(Number(totals.modelled) > 0 ? [withoutHit(unused, limit, options), openRules(open, limit, options)] : []),
    coverage(gaps, limit, options),
    badLines(totals, bad, limit, options),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function overview(totals: Row, agreements: readonly Row[], options: SummaryOptions): string {
  const window =
    totals.first_evidence === null ? "" : `, ${minute(totals.first_evidence)} to ${minute(totals.last_evidence)} UTC`;
  const most = Math.max(1, ...agreements.map((row) => Number(row.records)));
  const rows = agreements.map((row) => [
    String(row.agreement),
    count(row.records),
    bar(Number(row.records) / most, Math.min(40, options.width - 40)),
  ]);
  const lead = `${plural(totals.records, "record")} of ${plural(totals.interfaces, "interface")}${window}`;
  const pruned =
    totals.pruned === null
      ? ""
      : paragraph(
          `${plural(totals.pruned, "record")} before ${minute(totals.pruned_before)} UTC pruned: they still count here and in ` +
            "reports on rules, but not in reports on single records",
          options,
        );
  const unkept =
    Number(totals.unkept) === 0
      ? ""
      : paragraph(
          `${plural(totals.unkept, "record")} kept as sums only (--no-flows): they cannot show probes and scanners`,
          options,
        );
  return `${options.style.bold(lead)}\n${grid(rows, options, ["left", "right", "left"])}${pruned}${unkept}`;
}

function mismatches(rows: readonly Row[], limit: number, options: SummaryOptions): string {
  if (rows.length === 0) return "";
  const lines = rows
    .slice(0, limit)
    .map((row) => [
      count(row.records),
      String(row.agreement),
      String(row.cause ?? "unknown cause"),
      String(row.nacl_rule_id ?? row.decided_by ?? ""),
      String(row.example_flow ?? ""),
    ]);
  return (
    heading("Mismatches by cause", rows.length, limit, "mismatch-summary", options) + grid(lines, options, ["right"])
  );
}

function probes(rows: readonly Row[], limit: number, options: SummaryOptions): string {
  if (rows.length === 0) return "";
  const lines = rows.map((row) => [
    String(row.source),
    row.scan_kind === null ? "no scan" : String(row.scan_kind).replace("_", " "),
    plural(row.records, "record"),
    row.scan_kind === null ? "" : plural(row.ports, "port"),
    row.scan_kind === null ? "" : plural(row.targets, "target"),
  ]);
  const [{ all_records, all_sources }] = rows;
  const title = `Rejected probes by source: ${plural(all_records, "request")}, ${plural(all_sources, "source")}`;
  return (
    heading(title, Number(all_sources), limit, "rejected-probes", options) +
    grid(lines, options, ["left", "left", "right", "right", "right"])
  );
}

const STATUS_TEXT: Readonly<Record<string, string>> = {
  unused: "unused",
  insufficient_evidence: "without a hit, but with gaps in the evidence",
  unattached: "on no interface",
  unobservable: "for traffic that AWS does not log",
};

function withoutHit(rows: readonly Row[], limit: number, options: SummaryOptions): string {
  if (rows.length === 0) return "";
  const counts = Object.entries(STATUS_TEXT).flatMap(([status, text]) => {
    const first = rows.find((row) => row.status === status);
    return first === undefined ? [] : [`${Number(first.rules)} ${text}`];
  });
  const unused = rows.filter((row) => row.status === "unused");
  return (
    heading("Unused rules", Number(unused[0]?.rules ?? 0), limit, "unused-rules", options) +
    paragraph(counts.join("; "), options) +
    grid(
      unused.map((row) => [String(row.rule_id), ruleText(row), String(row.owner_name ?? "")]),
      options,
    )
  );
}

function openRules(rows: readonly Row[], limit: number, options: SummaryOptions): string {
  if (rows.length === 0) return "";
  const lines = rows
    .slice(0, limit)
    .map((row) => [
      String(row.rule_id),
      String(row.owner),
      ruleText(row),
      `${plural(row.connections, "connection")}, none real`,
    ]);
  return (
    heading("Rules open to the internet without real use", rows.length, limit, "stale-open-rules", options) +
    grid(lines, options)
  );
}

function coverage(rows: readonly Row[], limit: number, options: SummaryOptions): string {
  const [{ interfaces, incomplete, log_type: logType }] = rows;
  const type = String(logType ?? "all");
  const oneSided =
    type === "accept_only"
      ? "The log holds only accepted traffic, so it cannot show probes."
      : type === "reject_only"
        ? "The log holds only rejected traffic, so it cannot show use."
        : "";
  if (Number(incomplete) === 0 && oneSided === "") return "";
  const lines = rows
    .filter((row) => row.interface_id !== null)
    .map((row) => [
      String(row.interface_id),
      String(row.name ?? ""),
      row.evidence === "none"
        ? "no evidence"
        : [
            Number(row.gap_minutes) > 0 ? `${plural(row.gap_minutes, "minute")} missing` : "",
            Number(row.skipdata_minutes) > 0 ? `SKIPDATA in ${plural(row.skipdata_minutes, "minute")}` : "",
          ]
            .filter((text) => text !== "")
            .join(", "),
    ]);
  return (
    heading(
      `Coverage gaps at ${count(incomplete)} of ${plural(interfaces, "interface")}`,
      Number(incomplete),
      limit,
      "coverage",
      options,
    ) +
    (oneSided === "" ? "" : paragraph(oneSided, options)) +
    grid(lines, options)
  );
}

function badLines(totals: Row, rows: readonly Row[], limit: number, options: SummaryOptions): string {
  if (rows.length === 0) return "";
  const lines = rows
    .slice(0, limit)
    .map((row) => [
      count(row.lines),
      String(row.reason),
      `${String(row.example_object)} line ${String(row.example_line)}`,
    ]);
  return (
    heading(`Unreadable lines: ${count(totals.bad_lines)}`, rows.length, limit, "bad-lines", options) +
    grid(lines, options, ["right"])
  );
}

function minute(time: Plain): string {
  return String(time).slice(0, 16).replace("T", " ");
}
