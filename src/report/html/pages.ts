import type { EvidenceQuery, Result } from "../../store/evidence-query.ts";
import { plainMinute } from "../../text.ts";
import type { Report } from "../catalogue.ts";
import type { Investigation, InvestigationSection } from "../investigate/sections.ts";
import { type GivenParameters, ownParameters } from "../parameters.ts";
import { visible } from "../renderers/renderer.ts";
import { queryRows, streamOf } from "../rows.ts";
import { runReport } from "../run-report.ts";
import { coverageSection } from "./audit/coverage.ts";
import { readWindow, type Window } from "./audit/evidence.ts";
import { overviewSection } from "./audit/overview.ts";
import { ruleSections } from "./audit/rules.ts";
import { mismatchSection, probeSection } from "./audit/traffic.ts";
import type { Block, Fact, PageData, Section, TimelineBlock } from "./page-data.ts";
import { FACETS, tableBlock } from "./table-block.ts";

/**
 * The whole audit. `now` is the time of writing; `proposals` are the rows of `tighten`, null if it had nothing to judge;
 * `minDays` are the days that the window of a rule must have.
 */
export async function auditPage(
  evidence: EvidenceQuery,
  now: Date,
  proposals: Result | null,
  minDays: number,
): Promise<PageData> {
  const window = await readWindow(evidence);
  const rules = await ruleSections(evidence, window, proposals, minDays);
  const modelled = rules.counts.rules > 0;
  const sections = [
    await overviewSection(evidence, window, modelled ? rules.counts : null),
    ...(modelled ? [await mismatchSection(evidence)] : []),
    await probeSection(evidence),
    ...(modelled ? rules.sections : []),
    await coverageSection(evidence, window),
  ];
  return {
    title: "Flow logs against security groups and network ACLs",
    subtitle: windowText(window),
    about: await aboutFacts(evidence, now),
    sections,
  };
}

function windowText({ first, last }: Window): string {
  if (last === 0) return "No records.";
  return `${plainMinute(first)} to ${plainMinute(last)} UTC`;
}

/** The named reports, one section each. */
export async function reportPage(
  evidence: EvidenceQuery,
  reports: readonly Report[],
  given: GivenParameters,
  now: Date,
): Promise<PageData> {
  const sections: Section[] = [];
  for (const report of reports) {
    const table = await tableBlock(await runReport(evidence, report, ownParameters(report, given)), {
      id: `${report.name}-rows`,
      caption: report.title,
      facets: FACETS,
    });
    sections.push({ id: report.name, title: report.title, lead: report.description, blocks: [table] });
  }
  return {
    title: reports.length === 1 ? reports[0].title : `${reports.length} reports`,
    subtitle: reports.map((report) => report.name).join(", "),
    about: await aboutFacts(evidence, now),
    sections,
  };
}

/** An investigation as a page. */
export async function investigationPage(
  evidence: EvidenceQuery,
  investigation: Investigation,
  now: Date,
): Promise<PageData> {
  const { title, summary, sections } = investigation;
  return {
    title: visible(title),
    subtitle: visible(summary),
    about: await aboutFacts(evidence, now),
    sections: await Promise.all(
      sections.map(async (section) => ({
        id: section.id.replaceAll("_", "-"),
        title: section.title,
        lead: section.lead === "" ? "" : `${section.lead[0].toUpperCase()}${section.lead.slice(1)}.`,
        blocks: await blocks(section),
      })),
    ),
  };
}

async function blocks(section: InvestigationSection): Promise<Block[]> {
  if (section.shape === "facts") {
    const facts = section.rows.map(({ fact, value }) => ({
      label: visible(String(fact)),
      value: visible(String(value)),
    }));
    return [{ kind: "facts", facts }];
  }
  // The chart also has its numbers as a table.
  if (section.shape === "timeline" && section.rows.length > 1) return [timeline(section)];
  const rest = section.total - section.rows.length;
  const rows = section.rows.map((row) => section.columns.map(({ name }) => row[name]));
  const table = await tableBlock(streamOf({ columns: section.columns, rows }), {
    id: `${section.id.replaceAll("_", "-")}-rows`,
    caption: section.title,
    shown: shownColumns(section),
    facets: "action way protocol certain layer",
    empty: `${section.empty[0]?.toUpperCase() ?? ""}${section.empty.slice(1)}.`,
    more: rest > 0 ? `${rest} more: flowreplay investigate … --limit ${section.total}` : null,
  });
  return [table];
}

/** The columns of a terminal, and some that it has no room for. */
function shownColumns({ brief }: InvestigationSection): string {
  const more = ["port_count", "bytes", "first_seen", "last_seen", "rule_ids", "cause"];
  return [...new Set([...brief, ...more])].join(" ");
}

/** The rows leave out stretches without records; the chart shows them as 0. */
function timeline({ rows, id, title }: InvestigationSection): TimelineBlock {
  const times = rows.map((row) => Date.parse(String(row.start_time)) / 1000);
  const step = times.slice(1).reduce((least, time, index) => Math.min(least, time - times[index]), Infinity);
  const start = times[0];
  const buckets = (times.at(-1)! - start) / step + 1;
  const series = (label: string, tone: "good" | "warn" | "bad", column: string): TimelineBlock["series"][number] => {
    const values = Array<number>(buckets).fill(0);
    rows.forEach((row, index) => (values[(times[index] - start) / step] = Number(row[column])));
    return { label, tone, values };
  };
  const all = [
    series("accepted", "good", "accepted"),
    series("rejected", "warn", "rejected"),
    series("against the model", "bad", "mismatches"),
  ];
  return {
    kind: "timeline",
    id: `${id}-chart`,
    caption: title,
    start,
    step,
    series: all.filter(({ values }) => values.some((value) => value > 0)),
  };
}

/** The last run that judged records, and its model, for the footer. */
async function aboutFacts(evidence: EvidenceQuery, now: Date): Promise<Fact[]> {
  const [run] = await queryRows(evidence, "select * from run_manifest order by objects > 0 desc, run_id desc limit 1");
  const fact = (label: string, value: unknown): Fact[] =>
    value === null || value === undefined ? [] : [{ label, value: visible(String(value)) }];
  return [
    ...fact("Made", `${plainMinute(now.getTime() / 1000)} UTC`),
    ...fact("flowreplay", run?.tool_version),
    ...fact("Model", run?.model),
    ...fact("Model fingerprint", typeof run?.model_hash === "string" ? run.model_hash.slice(0, 16) : null),
    ...fact("Last replay", run?.finished_at),
    ...(run?.state === "complete" ? [] : fact("State of the replay", run?.state)),
  ];
}
