import { setTimeout as sleep } from "node:timers/promises";
import {
  type Cursors,
  cursorsOf,
  describeStreams,
  fieldsOfGroup,
  groupPrefix,
  OPEN_MS,
  parseGroup,
  SLICE_MS,
  sliceName,
  sliceObject,
  slicesOf,
} from "./cloudwatch-plan.ts";
import { openObject } from "./open.ts";
import type { Locator, PlanOptions, SourceObject } from "./source.ts";

export interface FollowOptions extends Omit<PlanOptions, "to"> {
  /** Ends the following cleanly: the generator returns. */
  readonly signal: AbortSignal;
  /** Pause between two looks, 15 s unless given; as long as a look took, where that is longer. */
  readonly pollMs?: number;
  /** How old the youngest events are that are given out; a minute unless given (`SETTLE_MS`). */
  readonly settleMs?: number;
}

const POLL_MS = 15_000;

/**
 * Follows a log group: what came into its open hours (cloudwatch-slices.ts) and is not in the ledger, then what comes.
 * Yields only where there is something new, and looks again only when it is asked: memory stays bounded, and a slow
 * reader gets larger parts. What was given out is not given out again, whether the reader kept it or not.
 */
export async function* followGroup(uri: string, options: FollowOptions): AsyncGenerator<SourceObject> {
  const { signal, from = 0, pollMs = POLL_MS, settleMs } = options;
  const { group } = await describeStreams(parseGroup(uri), uri, options, 1);
  const fields = options.fields ?? (await fieldsOfGroup(group.group, options));
  const cursors = cursorsOf((await options.ingested?.(groupPrefix(group))) ?? []);
  while (!signal.aborted) {
    const started = performance.now();
    const { now } = await describeStreams(group, uri, options, 1);
    const starts = slicesOf([{ from: Math.max(from * 1000, now - SLICE_MS - OPEN_MS), to: now }]);
    forget(cursors, new Set(starts.map((start) => sliceName(group, start))));
    for (const start of starts) {
      const slice = sliceObject(group, start, now, cursors, settleMs);
      if (slice === null) continue;
      const object = fields === undefined ? slice : { ...slice, fields };
      const something = await holdsSomething(object, options).catch((error: unknown) => {
        if (signal.aborted) return false;
        throw error;
      });
      if (signal.aborted) return;
      const { ingestedTo } = object.locator as Extract<Locator, { kind: "cloudwatch" }>;
      // A part that held nothing leaves no name behind: the next one begins where it began.
      if (something || ingestedTo === null) cursors.set(sliceName(group, start), ingestedTo ?? Infinity);
      if (something) yield object;
    }
    await sleep(Math.max(pollMs, performance.now() - started), undefined, { signal }).catch(() => {});
  }
}

function forget(cursors: Cursors, open: ReadonlySet<string>): void {
  for (const slice of cursors.keys()) if (!open.has(slice)) cursors.delete(slice);
}

/** Whether there is a first chunk; the rest is not asked for. */
async function holdsSomething(object: SourceObject, options: FollowOptions): Promise<boolean> {
  for await (const chunk of openObject(object, options)) if (chunk.length > 0) return true;
  return false;
}
