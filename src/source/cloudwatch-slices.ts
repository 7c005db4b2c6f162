import type { SourceObject } from "./source.ts";

/** An object of a log group is an hour of event time, on the hour, UTC. Why: README.md. */
export const SLICE_MS = 3_600_000;
/** An hour stays open for late events this long after its end; flow logs lag five minutes as a rule, at times an hour. */
export const OPEN_MS = 3_600_000;
/** What CloudWatch took in this recently may not be found by a search yet. */
export const SETTLE_MS = 60_000;

/** Streams of flow logs are called `eni-…-all`, `-accept` or `-reject` (observed, not documented). */
export const FLOW_LOG_STREAMS = "eni-";

export interface Group {
  readonly group: string;
  /** Prefix of the stream names. */
  readonly streams: string;
  /** `123456789012/us-east-1`: groups of one name in two regions or accounts are two. Empty until AWS has told. */
  readonly place: string;
}

/** How far each slice was read, by its name: milliseconds of the ingestion clock, Infinity when it is finished. */
export type Cursors = Map<string, number>;

/** What the names of the group's objects begin with. */
export function groupPrefix({ group, streams, place }: Group): string {
  return `cloudwatch://${group}${streams === FLOW_LOG_STREAMS ? "" : `:${streams}`}/${place === "" ? "" : `${place}/`}`;
}

export function sliceName(group: Group, start: number): string {
  return `${groupPrefix(group)}${new Date(start).toISOString().slice(0, 16)}Z`;
}

/** The cursors that the names of objects in the ledger tell. */
export function cursorsOf(ingested: Iterable<string>): Cursors {
  const cursors: Cursors = new Map();
  for (const name of ingested) {
    const at = name.indexOf("@", name.lastIndexOf("/"));
    const slice = at < 0 ? name : name.slice(0, at);
    const cursor = at < 0 ? Infinity : Date.parse(name.slice(at + 1));
    cursors.set(slice, Math.max(cursor, cursors.get(slice) ?? 0));
  }
  return cursors;
}

/**
 * The object of a slice that is to be read at `now`; null when there is nothing new to read. Milliseconds.
 *
 * A closed hour is one object, `…/2025-03-04T09:00Z`. An open one is read in parts, each what CloudWatch took in since
 * the part before: `…/2025-03-04T09:00Z@2025-03-04T09:37:12Z` ends at 09:37:12 of the ingestion clock. The last part
 * has no end, so nothing is lost and nothing comes twice, however late it came.
 */
export function sliceObject(
  group: Group,
  start: number,
  now: number,
  cursors: Cursors,
  settleMs = SETTLE_MS,
): SourceObject | null {
  const slice = sliceName(group, start);
  const end = start + SLICE_MS;
  const close = end + OPEN_MS;
  const cutoff = Math.floor((now - settleMs) / 1000) * 1000;
  const until = Math.min(cutoff, close);
  const ingestedFrom = cursors.get(slice) ?? null;
  if (start > cutoff || (ingestedFrom !== null && ingestedFrom >= until)) return null;
  const ingestedTo = cutoff < close ? cutoff : null;
  const whole = ingestedFrom === null && ingestedTo === null;
  return {
    name: whole ? slice : `${slice}@${new Date(until).toISOString().slice(0, 19)}Z`,
    size: null,
    etag: `${ingestedFrom ?? ""}..${ingestedTo ?? ""}`,
    time: start / 1000,
    locator: {
      kind: "cloudwatch",
      group: group.group,
      streams: group.streams,
      from: start,
      to: end - 1,
      ingestedFrom,
      ingestedTo,
    },
  };
}

/** The starts of the slices that meet any of the stretches (milliseconds, both inclusive), ascending. */
export function slicesOf(stretches: readonly { from: number; to: number }[]): number[] {
  const starts = new Set<number>();
  for (const { from, to } of stretches) {
    for (let start = Math.floor(from / SLICE_MS) * SLICE_MS; start <= to; start += SLICE_MS) starts.add(start);
  }
  return [...starts].sort((a, b) => a - b);
}
