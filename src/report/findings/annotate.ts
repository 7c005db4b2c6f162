import type { Column, Plain, ResultStream } from "../../store/reader.ts";
import { rowObject } from "../renderers/json.ts";
import { findingId, type FindingKind } from "./finding.ts";
import type { ReviewedFinding } from "./review.ts";

export interface Annotation {
  readonly kind: FindingKind;
  /** The reviewed findings of the report; null when nobody asked for a review. */
  readonly reviewed: readonly ReviewedFinding[] | null;
  readonly withBaseline: boolean;
  /** Keep what exemptions cover, and say so; else it is left out. */
  readonly showSuppressed: boolean;
  /** Programs need the id; people have the rule. */
  readonly withId: boolean;
}

/** Rows of a report with their review: those that are suppressed go, those that are gone come last. */
export function annotateRows(result: ResultStream, annotation: Annotation): ResultStream {
  const { kind, reviewed, withBaseline, showSuppressed, withId } = annotation;
  const names = result.columns.map((column) => column.name);
  const known = new Map(reviewed?.map((one) => [one.finding.id, one]));
  const text = (name: string): Column => ({ name, type: "VARCHAR" });
  const extra = [
    ...(withId ? [text("finding_id")] : []),
    ...(withBaseline ? [text("baseline")] : []),
    ...(showSuppressed ? [text("suppressed")] : []),
  ];
  const place = withId ? names.length : 1;
  const annotated = (row: readonly Plain[], id: string, one: ReviewedFinding | undefined): Plain[] => {
    const cells: Plain[] = [
      ...(withId ? [kind.state(rowObject(names, row)) === null ? null : id] : []),
      ...(withBaseline ? [one?.baseline ?? null] : []),
      ...(showSuppressed ? [one === undefined ? null : suppression(one)] : []),
    ];
    return row.toSpliced(place, 0, ...cells);
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
    if (gone.length > 0) {
      yield gone.map((one) =>
        annotated(
          names.map((name) => one.finding.row[name] ?? null),
          one.finding.id,
          one,
        ),
      );
    }
  };
  return { columns: result.columns.toSpliced(place, 0, ...extra), chunks: chunks() };
}

/** `netops until 2026-12-31: why`, null where no exemption covers it. */
export function suppression({ exemption }: ReviewedFinding): string | null {
  return exemption === null ? null : `${exemption.owner} until ${exemption.expires}: ${exemption.reason}`;
}
