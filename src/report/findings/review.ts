import type { Report } from "../catalogue.ts";
import type { GivenParameters } from "../run-report.ts";
import type { Baseline } from "./baseline.ts";
import type { Exemption, Exemptions } from "./exemptions.ts";
import type { Finding, FindingKind } from "./finding.ts";

/** Against an earlier run: it was not there, it was, it is no longer. */
export type BaselineState = "new" | "gone" | "still";

/** A finding with what reviewers and an earlier run say of it. */
export interface ReviewedFinding {
  readonly finding: Finding;
  readonly kind: FindingKind;
  /** The exemption it falls under. */
  readonly exemption: Exemption | null;
  /** Null without a baseline. */
  readonly baseline: BaselineState | null;
}

/** What findings are held against. */
export interface Review {
  readonly exemptions: Exemptions | null;
  readonly baseline: Baseline | null;
}

/**
 * The findings of one check with their review; those that are gone come last. A finding that the earlier run stated and
 * that this one cannot decide is still there, one that it could not decide and this one states is new.
 */
export async function reviewFindings(
  kind: FindingKind,
  findings: ReadonlyMap<string, Finding>,
  { exemptions, baseline }: Review,
  report: Report | null = null,
  given: GivenParameters = {},
): Promise<ReviewedFinding[]> {
  const before = baseline === null ? null : await baseline.findings(kind, report, given);
  const reviewed = [...findings.values()].map((finding): ReviewedFinding => {
    return { finding, kind, exemption: exemptions?.matching(finding) ?? null, baseline: stateOf(finding, before) };
  });
  const gone = [...(before?.values() ?? [])].filter((one) => one.state === "fail" && !findings.has(one.id));
  return [
    ...reviewed,
    ...gone.map((finding): ReviewedFinding => ({ finding, kind, exemption: null, baseline: "gone" })),
  ];
}

function stateOf(finding: Finding, before: ReadonlyMap<string, Finding> | null): BaselineState | null {
  if (before === null) return null;
  const earlier = before.get(finding.id);
  if (earlier === undefined) return "new";
  return earlier.state === "open" && finding.state === "fail" ? "new" : "still";
}

/** Whether a pipeline has to stop for it. */
export function counts({ finding, exemption, baseline }: ReviewedFinding): boolean {
  return finding.state === "fail" && exemption === null && (baseline === null || baseline === "new");
}
