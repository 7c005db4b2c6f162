import type { EvidenceQuery, Result } from "../../../store/evidence-query.ts";
import { visible } from "../../renderers/renderer.ts";
import type { Fact, PageData } from "../page-data.ts";
import { coverageSection } from "./coverage.ts";
import { type Evidence, createAuditEvidence } from "./evidence.ts";
import { mismatchSection, probeSection } from "./traffic.ts";
import { overviewSection } from "./overview.ts";
import { ruleSections } from "./rules.ts";

/** The whole audit as a page. `now` is the time it is made; `proposals` the rows of `tighten`, null where it has none. */
export async function auditPage(query: EvidenceQuery, now: Date, proposals: Result | null): Promise<PageData> {
  const evidence = await createAuditEvidence(query);
  const rules = await ruleSections(evidence, proposals);
  const modelled = rules.counts.rules > 0;
  const sections = [
    await overviewSection(evidence, modelled ? rules.counts : null),
    ...(modelled ? [await mismatchSection(evidence)] : []),
    await probeSection(evidence),
    ...(modelled ? rules.sections : []),
    await coverageSection(evidence),
  ];
  return {
    title: "Flow logs against security groups and network ACLs",
    subtitle: windowText(evidence),
    about: await aboutFacts(evidence, now),
    sections,
  };
}

function windowText({ window: { first, last } }: Evidence): string {
  if (last === 0) return "No records.";
  const text = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  return `${text(first)} to ${text(last)} UTC`;
}

/** Where the page comes from: the last run and its model. */
export async function aboutFacts(evidence: Evidence, now: Date): Promise<Fact[]> {
  const [run] = await evidence.rows("select * from run_manifest order by run_id desc limit 1");
  const fact = (label: string, value: unknown): Fact[] =>
    value === null || value === undefined ? [] : [{ label, value: visible(String(value)) }];
  return [
    ...fact("Made", `${now.toISOString().slice(0, 16).replace("T", " ")} UTC`),
    ...fact("flowreplay", run?.tool_version),
    ...fact("Model", run?.model),
    ...fact("Model fingerprint", typeof run?.model_hash === "string" ? run.model_hash.slice(0, 16) : null),
    ...fact("Last replay", run?.finished_at),
    ...(run?.state === "complete" ? [] : fact("State of the replay", run?.state)),
  ];
}
