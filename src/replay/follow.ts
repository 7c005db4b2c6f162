import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "../errors.ts";
import { replay, type ReplayEvents, type ReplayOptions, type ReplayResult } from "../replay.ts";
import { followGroup } from "../source/cloudwatch-follow.ts";
import { openEvidence } from "../store/evidence-query.ts";

/** Pause before a file that is in use is tried again. */
const FREE_MS = 500;

export interface FollowReplayOptions extends ReplayOptions {
  /** A `cloudwatch://` source. */
  readonly group: string;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
  readonly settleMs?: number;
}

export interface FollowEvents extends ReplayEvents {
  /** What there was is in the evidence file. */
  caughtUp(result: ReplayResult): Promise<void>;
  /** An object with new records is in the evidence file. */
  stored(object: string, result: ReplayResult): Promise<void>;
}

/**
 * Replays what a log group holds, then what comes, part by part until the signal: each part is a whole replay of its own
 * and committed before anyone hears of it. Between two parts the file is closed, so that others can read it, and nothing
 * is kept in memory but how far each open hour was read. The model is loaded anew for each part.
 */
export async function followReplay(options: FollowReplayOptions, events: FollowEvents): Promise<void> {
  const { group, signal, aws, from, fields, pollMs, settleMs, db } = options;
  const said = new Set<string>();
  const note = (text: string): void => {
    // Each part would say the same of the model and of the group.
    if (!said.has(text)) events.note(text);
    said.add(text);
  };
  const once = { note, progress: events.progress };
  await events.caughtUp(await replay({ ...options, sources: [group] }, once));
  if (signal.aborted) return;
  const parts = followGroup(group, {
    aws,
    from,
    fields: fields?.join(" "),
    signal,
    pollMs,
    settleMs,
    events: { note, retry: () => undefined },
    ingested: (prefix) => ingestedObjects(db, prefix),
  });
  for await (const part of parts) {
    const result = await whenFree(signal, () => replay({ ...options, objects: [part] }, once));
    if (result === null) return;
    await events.stored(part.name, result);
    if (signal.aborted) return;
  }
}

/** Waits while someone reads the file: a report must not end the following. Null where the signal came first. */
async function whenFree<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T | null> {
  while (!signal.aborted) {
    try {
      return await run();
    } catch (error) {
      if (!hasCode(error, "E_IN_USE")) throw error;
    }
    await sleep(FREE_MS, undefined, { signal }).catch(() => {});
  }
  return null;
}

async function ingestedObjects(db: string, prefix: string): Promise<readonly string[]> {
  const evidence = await openEvidence(db);
  try {
    const sql = "select source_object from sources where starts_with(source_object, $prefix)";
    return (await evidence.run(sql, { prefix })).rows.map(([name]) => String(name));
  } finally {
    evidence.close();
  }
}
