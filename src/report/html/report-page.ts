import type { Reader } from "../../store/reader.ts";
import type { Report } from "../report-header.ts";
import { type GivenParameters, ownParameters, runReport } from "../run-report.ts";
import { aboutFacts } from "./audit/page.ts";
import { openEvidence } from "./audit/evidence.ts";
import { FACETS } from "./columns.ts";
import type { PageData, Section } from "./page-data.ts";
import { tableBlock } from "./table-block.ts";

/** The reports that were asked for by name, a section each. */
export async function reportPage(
  reader: Reader,
  reports: readonly Report[],
  given: GivenParameters,
  now: Date,
): Promise<PageData> {
  const sections: Section[] = [];
  for (const report of reports) {
    const table = await tableBlock(await runReport(reader, report, ownParameters(report, given)), {
      id: `${report.name}-rows`,
      caption: report.title,
      facets: FACETS,
    });
    sections.push({ id: report.name, title: report.title, lead: report.description, blocks: [table] });
  }
  return {
    title: reports.length === 1 ? reports[0].title : `${reports.length} reports`,
    subtitle: reports.map((report) => report.name).join(", "),
    about: await aboutFacts(await openEvidence(reader), now),
    sections,
  };
}
