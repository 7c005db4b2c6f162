import type { Plain, ResultStream } from "../../store/evidence-query.ts";
import type { Report } from "../catalogue.ts";
import type { GivenParameters } from "../parameters.ts";
import { type ItemColumns, rowObject } from "../rows.ts";
import type { Baseline } from "./baseline.ts";
import type { Exemption, Exemptions } from "./exemptions.ts";
import { type Finding, findingId, type FindingKind } from "./finding.ts";
import type { Locations } from "./locations.ts";

/** Compared with an earlier run: only now, only then, both. */
export type BaselineState = "new" | "gone" | "still";

/** A finding with its exemption and its state against the baseline. */
export interface ReviewedFinding {
  readonly finding: Finding;
  readonly kind: FindingKind;
  /** The exemption that covers it. */
  readonly exemption: Exemption | null;
  /** Null without a baseline. */
  readonly baseline: BaselineState | null;
}

/** What findings are compared with. */
export interface Review {
  readonly exemptions: Exemptions | null;
  readonly baseline: Baseline | null;
}

/**
 * The findings of one check with their review; those that are gone come last. A finding that was proven earlier and is open
 * now is `still` there; one that was open earlier and is proven now is `new`.
 */
export async function reviewFindings(
  kind: FindingKind,
  findings: ReadonlyMap<string, Finding>,
  { exemptions, baseline }: Review,
  report: Report | null = null,
  given: GivenParameters = {},
): Promise<ReviewedFinding[]> {
  const before = baseline === null ? null : await baseline.findings(kind, report, given);
  const gone = [...(before?.values() ?? [])].filter((one) => one.state === "fail" && !findings.has(one.id));
  return [
    ...[...findings.values()].map((finding) => ({
      finding,
      kind,
      exemption: exemptions?.matching(finding) ?? null,
      baseline: stateOf(finding, before),
    })),
    ...gone.map((finding) => ({ finding, kind, exemption: null, baseline: "gone" as const })),
  ];
}

function stateOf(finding: Finding, before: ReadonlyMap<string, Finding> | null): BaselineState | null {
  if (before === null) return null;
  const earlier = before.get(finding.id);
  if (earlier === undefined) return "new";
  return earlier.state === "open" && finding.state === "fail" ? "new" : "still";
}

/** Whether `--fail-on` counts it. */
export function counts({ finding, exemption, baseline }: ReviewedFinding): boolean {
  return finding.state === "fail" && exemption === null && (baseline === null || baseline === "new");
}

/** Everything that SARIF, OCSF and ASFF are written from. */
export interface FindingDocument {
  /** All checks, also those without findings. */
  readonly kinds: readonly FindingKind[];
  readonly findings: readonly ReviewedFinding[];
  readonly locations: Locations;
  readonly toolVersion: string;
  /** When it is written. */
  readonly now: Date;
  /** Account (12 digits) and region of the resources; null where they are not known. */
  readonly account: string | null;
  readonly region: string | null;
}

export interface Annotation {
  readonly kind: FindingKind;
  /** The reviewed findings of the report; null without exemptions and baseline. */
  readonly reviewed: readonly ReviewedFinding[] | null;
  readonly withBaseline: boolean;
  /** Keep suppressed rows, with the exemption; else they are left out. */
  readonly showSuppressed: boolean;
  /** Programs need the id; people recognise the rule. */
  readonly withId: boolean;
}

/** Rows of a report with their review: suppressed rows are left out, rows that are gone come last. */
export function annotateRows(result: ResultStream, annotation: Annotation): ResultStream {
  const { kind, reviewed, showSuppressed, withId } = annotation;
  const names = result.columns.map((column) => column.name);
  const known = new Map(reviewed?.map((one) => [one.finding.id, one]));
  const review = reviewColumns(annotation);
  const extra = [...(withId ? ["finding_id"] : []), ...review.map(([name]) => name)];
  const position = withId ? names.length : 1;
  const annotated = (row: readonly Plain[], id: string, one: ReviewedFinding | undefined): Plain[] => {
    const ids = withId ? [kind.state(rowObject(names, row)) === null ? null : id] : [];
    const cells = review.map(([, , value]) => (one === undefined ? null : value(one)));
    return row.toSpliced(position, 0, ...ids, ...cells);
  };
  const chunks = async function* (): AsyncGenerator<Plain[][]> {
    for await (const chunk of result.chunks) {
      yield chunk.flatMap((row) => {
        const id = findingId(kind, rowObject(names, row));
        const one = known.get(id);
        return one !== undefined && one.exemption !== null && !showSuppressed ? [] : [annotated(row, id, one)];
      });
    }
    const gone = reviewed?.filter((one) => one.baseline === "gone") ?? [];
    const rowOf = ({ finding }: ReviewedFinding): Plain[] => names.map((name) => finding.row[name] ?? null);
    if (gone.length > 0) yield gone.map((one) => annotated(rowOf(one), one.finding.id, one));
  };
  const added = extra.map((name) => ({ name, type: "VARCHAR" }));
  return { columns: result.columns.toSpliced(position, 0, ...added), chunks: chunks() };
}

/** The columns of a review: the state against the baseline, and the exemption. */
export function reviewColumns({
  withBaseline,
  showSuppressed,
}: Pick<Annotation, "withBaseline" | "showSuppressed">): ItemColumns<ReviewedFinding> {
  return [
    ...(withBaseline ? [["baseline", "VARCHAR", (one: ReviewedFinding) => one.baseline] as const] : []),
    ...(showSuppressed ? [["suppressed", "VARCHAR", suppression] as const] : []),
  ];
}

/** `why (netops, until 2026-12-31)`. */
export function justification({ reason, owner, expires }: Exemption): string {
  return `${reason} (${owner}, until ${expires})`;
}

/** `netops until 2026-12-31: why`; null without an exemption. */
export function suppression({ exemption }: ReviewedFinding): string | null {
  return exemption === null ? null : `${exemption.owner} until ${exemption.expires}: ${exemption.reason}`;
}
