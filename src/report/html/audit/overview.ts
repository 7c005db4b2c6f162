import type { EvidenceQuery } from "../../../store/evidence-query.ts";
import { count, plural } from "../../../text.ts";
import { queryRows, type Row } from "../../rows.ts";
import { AGREEMENTS, PROBE_TOTALS, TOTALS } from "../../summary-queries.ts";
import type { Figure, FiguresBlock, NoteBlock, Section, TimelineBlock, TimelineSeries } from "../page-data.ts";
import { bucketSql, bucketsOf, stepFor, type Window } from "./evidence.ts";

const BUCKETS = 240;

/** Figures of the sections on rules. */
export interface RuleCounts {
  readonly rules: number;
  readonly unused: number;
  /** Without a hit in a window that is too short. */
  readonly notHit: number;
  readonly open: number;
  readonly openWithoutUse: number;
}

const NO_MODEL: NoteBlock = {
  kind: "note",
  text: "Replayed without a model: no record could be judged, and the report shows only what the log says.",
};

/** Key figures and agreement over time. `rules` is null without a model. */
export async function overviewSection(
  evidence: EvidenceQuery,
  window: Window,
  rules: RuleCounts | null,
): Promise<Section> {
  const [totals] = await queryRows(evidence, TOTALS);
  const agreements = await queryRows(evidence, AGREEMENTS);
  const [probes] = await queryRows(evidence, PROBE_TOTALS);
  return {
    id: "overview",
    title: "Overview",
    lead: "Every record of the log, judged against the modelled security groups and network ACLs.",
    blocks: [
      ...(rules === null ? [NO_MODEL] : []),
      figures(totals, agreements, probes, rules),
      ...(await timelines(evidence, window)),
    ],
  };
}

function figures(totals: Row, agreements: readonly Row[], probes: Row, rules: RuleCounts | null): FiguresBlock {
  const of = (name: string): number => Number(agreements.find((row) => row.agreement === name)?.records ?? 0);
  const mismatches = of("unexpected_accept") + of("unexpected_reject");
  const judged = of("agree") + mismatches;
  const share = `${Math.floor((of("agree") / judged) * 10_000) / 100} %`;
  const undecided = `${count(of("undecided"))} undecided, ${count(of("unmodelled"))} unmodelled`;
  const accepted = `${count(of("unexpected_accept"))} accepted, ${count(of("unexpected_reject"))} rejected`;
  return {
    kind: "figures",
    figures: [
      figure("Records", count(totals.records), `at ${plural(totals.interfaces, "interface")}`, "quiet", "coverage"),
      ...(judged === 0
        ? []
        : [
            figure("Log agrees", share, undecided, mismatches === 0 ? "good" : "quiet", null),
            figure("Mismatches", count(mismatches), accepted, mismatches === 0 ? "good" : "bad", "mismatches"),
          ]),
      figure("Rejected requests", count(probes.records), `from ${plural(probes.sources, "source")}`, "quiet", "probes"),
      ...(rules === null ? [] : ruleFigures(rules)),
    ],
  };
}

function ruleFigures({ rules, unused, notHit, open, openWithoutUse }: RuleCounts): Figure[] {
  const tone = (found: number): Figure["tone"] => (found > 0 ? "warn" : "good");
  return [
    figure(
      "Unused rules",
      count(unused),
      `of ${plural(rules, "rule")}${notHit === 0 ? "" : `; ${count(notHit)} not hit, window too short`}`,
      tone(unused),
      "unused",
    ),
    figure(
      "Open without real use",
      count(openWithoutUse),
      `of ${plural(open, "open rule")}`,
      tone(openWithoutUse),
      "open",
    ),
  ];
}

function figure(label: string, value: string, note: string, tone: Figure["tone"], target: string | null): Figure {
  return { label, value, note, tone, target };
}

async function timelines(evidence: EvidenceQuery, window: Window): Promise<TimelineBlock[]> {
  const step = stepFor(window, BUCKETS);
  const { start, count: buckets } = bucketsOf(window, step);
  const rows = await queryRows(
    evidence,
    `
    with sums as (${bucketSql(step)})
    select s.t, j.agreement, j.action, sum(s.records)::ubigint as records
    from sums s join judgements j using (judgement_id) group by all`,
  );
  const series = (label: string, tone: TimelineSeries["tone"], matches: (row: Row) => boolean): TimelineSeries => {
    const values = Array<number>(buckets).fill(0);
    for (const row of rows) {
      const at = (Number(row.t) - start) / step;
      if (matches(row) && at < buckets) values[at] += Number(row.records);
    }
    return { label, tone, values };
  };
  const block = (id: string, caption: string, all: TimelineSeries[]): TimelineBlock => ({
    kind: "timeline",
    id,
    caption,
    start,
    step,
    series: all.filter(({ values }) => values.some((value) => value > 0)),
  });
  const of = (agreement: string) => (row: Row) => row.agreement === agreement;
  return [
    block("records-over-time", "Records", [
      series("accepted", "good", (row) => row.action === "ACCEPT"),
      series("rejected", "warn", (row) => row.action === "REJECT"),
    ]),
    block("agreement-over-time", "Records on which log and model disagree or that could not be judged", [
      series("unexpected accept", "bad", of("unexpected_accept")),
      series("unexpected reject", "warn", of("unexpected_reject")),
      series("undecided", "info", of("undecided")),
      series("unmodelled", "quiet", of("unmodelled")),
    ]),
  ].filter(({ series: some }) => some.length > 0);
}
