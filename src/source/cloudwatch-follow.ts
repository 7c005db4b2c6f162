import { setTimeout as sleep } from "node:timers/promises";
import { describeStreams, parseGroup } from "./cloudwatch-plan.ts";
import {
  cursorsOf,
  groupPrefix,
  OPEN_MS,
  SLICE_MS,
  sliceName,
  sliceObject,
  slicesOf,
  type Cursors,
} from "./cloudwatch-slices.ts";
import { fieldsOfGroup } from "./flow-log-format.ts";
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

/** New records as they came: to be stored under the object's name, then no later plan reads them again. */
export interface FollowedObject {
  readonly object: SourceObject;
  readonly bytes: AsyncIterable<Uint8Array>;
}

const POLL_MS = 15_000;

/**
 * Follows a log group: what came into its open hours (cloudwatch-slices.ts) and is not in the ledger, then what comes.
 * Yields only where there is something new, and looks again only when it is asked: memory stays bounded, and a slow
 * reader gets larger parts. What was given out is not given out again, whether the reader kept it or not.
 */
export async function* followGroup(uri: string, options: FollowOptions): AsyncGenerator<FollowedObject> {
  const group = parseGroup(uri);
  const { signal, from = 0, pollMs = POLL_MS, settleMs } = options;
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
      const bytes = await peek(openObject(object, options)).catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (signal.aborted) return;
      const { ingestedTo } = object.locator as Extract<Locator, { kind: "cloudwatch" }>;
      // A part that held nothing leaves no name behind: the next one begins where it began.
      if (bytes !== null || ingestedTo === null) cursors.set(sliceName(group, start), ingestedTo ?? Infinity);
      if (bytes !== null) yield { object, bytes };
    }
    await sleep(Math.max(pollMs, performance.now() - started), undefined, { signal }).catch(() => {});
  }
}

function forget(cursors: Cursors, open: ReadonlySet<string>): void {
  for (const slice of cursors.keys()) if (!open.has(slice)) cursors.delete(slice);
}

/** The same chunks, once there is a first one; null where there is none. */
async function peek(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array> | null> {
  const rest = chunks[Symbol.asyncIterator]();
  const first = await rest.next();
  if (first.done) return null;
  return (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => rest };
  })();
}
