import type { Plain, EvidenceQuery } from "../store/evidence-query.ts";
import { count, plural } from "../text.ts";
import { loadReport } from "./catalogue.ts";
import { DEFAULT_MIN_DAYS } from "./parameters.ts";
import type { RenderOptions } from "./renderers/renderer.ts";
import { bar, grid, heading, paragraph } from "./renderers/text-layout.ts";
import { queryRows, type Row, ruleText } from "./rows.ts";
import { withDefaults } from "./run-report.ts";
import {
  AGREEMENTS,
  incompleteInterfaces,
  openWithoutUse,
  probingSources,
  TOTALS,
  UNKEPT,
  unusedRules,
} from "./summary-queries.ts";

export interface SummaryOptions extends RenderOptions {
  /** Maximum number of rows in each part; default 5. */
  readonly limit?: number;
  /** Days that the window of a rule must have; default 30. */
  readonly minDays?: number;
}

type PartOptions = Required<Pick<SummaryOptions, "limit" | "minDays">> & RenderOptions;

/** The most important findings, each with the report that has the rest. */
export async function renderSummary(evidence: Pick<EvidenceQuery, "run">, given: SummaryOptions): Promise<string> {
  const options: PartOptions = { ...given, limit: given.limit ?? 5, minDays: given.minDays ?? DEFAULT_MIN_DAYS };
  const { limit, minDays } = options;
  const ask = (sql: string): Promise<Row[]> => queryRows(evidence, sql);
  const report = (name: string): string => withDefaults(loadReport(name), minDays);
  // All at once: the queries of a file that was just written run on every core.
  const [probing, unused, open, gaps, differing, [totals], [unkept], agreements, bad] = await Promise.all([
    ask(probingSources(limit)),
    // Only the rows that are shown cross into JavaScript: a hundred thousand rows would take half a second.
    ask(unusedRules(report("unused-rules"), limit)),
    ask(openWithoutUse(minDays)),
    ask(incompleteInterfaces(limit)),
    ask(report("mismatch-summary")),
    ask(TOTALS),
    ask(UNKEPT),
    ask(AGREEMENTS),
    ask(report("bad-lines")),
  ]);
  const parts = [
    overview({ ...totals, ...unkept }, agreements, options),
    mismatches(differing, options),
    probes(probing, options),
    ...(Number(totals.modelled) > 0 ? [withoutHit(unused, options), openRules(open, options)] : []),
    coverage(gaps, options),
    badLines(totals, bad, options),
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

/** The first rows of a report below a heading; empty without rows. */
function part(
  title: string,
  report: string,
  rows: readonly Row[],
  cells: (row: Row) => string[],
  options: PartOptions,
  align?: readonly ("left" | "right")[],
): string {
  if (rows.length === 0) return "";
  const lines = rows.slice(0, options.limit).map(cells);
  return heading(title, rows.length, options.limit, report, options) + grid(lines, options, align);
}

function mismatches(rows: readonly Row[], options: PartOptions): string {
  const cells = (row: Row): string[] => [
    count(row.records),
    String(row.agreement),
    String(row.cause ?? "unknown cause"),
    // Only what denies is named: where the log rejects what every layer allows, nothing is.
    row.agreement === "unexpected_accept" ? String(row.nacl_rule_id ?? row.decided_by ?? "") : "",
    String(row.example_flow ?? ""),
  ];
  return part("Mismatches by cause", "mismatch-summary", rows, cells, options, ["right"]);
}

function probes(rows: readonly Row[], options: PartOptions): string {
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
    heading(title, Number(all_sources), options.limit, "rejected-probes", options) +
    grid(lines, options, ["left", "left", "right", "right", "right"])
  );
}

const STATUS_TEXT: Readonly<Record<string, (first: Row) => string>> = {
  unused: () => "unused",
  short_window: ({ shortest, longest }) => `not hit in ${longest}${shortest === longest ? "" : " or less"}`,
  insufficient_evidence: () => "without a hit, but with insufficient evidence",
  unattached: () => "on no interface",
  unobservable: () => "for traffic that AWS does not log",
};

/** Unused rules or, in a log that is too short to have any, those that were not hit in it. */
function withoutHit(rows: readonly Row[], options: PartOptions): string {
  if (rows.length === 0) return "";
  const of = (status: string): Row[] => rows.filter((row) => row.status === status);
  const counts = Object.entries(STATUS_TEXT).flatMap(([status, text]) =>
    of(status)
      .slice(0, 1)
      .map((first) => `${Number(first.rules)} ${text(first)}`),
  );
  const [unused, short] = [of("unused"), of("short_window")];
  const title = unused.length > 0 ? "Unused rules" : "Rules without a hit";
  const listed = unused.length > 0 ? unused : short;
  const why = short.length === 0 ? "" : `; a rule is unused after ${plural(options.minDays, "day")} without a hit`;
  return (
    heading(title, Number(listed[0]?.rules ?? 0), options.limit, "unused-rules", options) +
    paragraph(counts.join("; ") + why, options) +
    grid(
      listed.map((row) => [String(row.rule_id), ruleText(row), String(row.owner_name ?? "")]),
      options,
    )
  );
}

function openRules(rows: readonly Row[], options: PartOptions): string {
  const cells = (row: Row): string[] => [
    String(row.rule_id),
    String(row.owner),
    ruleText(row),
    `${plural(row.connections, "connection")}, none real`,
  ];
  const text = part("Rules open to the internet without real use", "stale-open-rules", rows, cells, options);
  const doubts = rows.flatMap(({ doubt }) => (doubt === null ? [] : [String(doubt)]));
  if (doubts.length === 0) return text;
  const which = doubts.length === rows.length ? "" : `${doubts.length} of them `;
  return text + paragraph(`${which}not proven: ${[...new Set(doubts)].sort().join("; ")}`, options);
}

function coverage(rows: readonly Row[], options: PartOptions): string {
  const [{ interfaces, incomplete, log_type: logType }] = rows;
  const oneSided =
    logType === "accept_only"
      ? "The log holds only accepted traffic, so it cannot show probes."
      : logType === "reject_only"
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
  const title = `Coverage gaps at ${count(incomplete)} of ${plural(interfaces, "interface")}`;
  return (
    heading(title, Number(incomplete), options.limit, "coverage", options) +
    (oneSided === "" ? "" : paragraph(oneSided, options)) +
    grid(lines, options)
  );
}

function badLines(totals: Row, rows: readonly Row[], options: PartOptions): string {
  const cells = (row: Row): string[] => [
    count(row.lines),
    String(row.reason),
    `${row.example_object} line ${row.example_line}`,
  ];
  return part(`Unreadable lines: ${count(totals.bad_lines)}`, "bad-lines", rows, cells, options, ["right"]);
}

function minute(time: Plain): string {
  return String(time).slice(0, 16).replace("T", " ");
}
