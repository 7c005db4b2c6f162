import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "../errors.ts";
import { replay, type ReplayEvents, type ReplayOptions, type ReplayResult } from "../replay.ts";
import { followedSource } from "../source/table.ts";
import { openEvidence } from "../store/evidence-query.ts";

/** Pause before a file that is in use is tried again. */
const FREE_MS = 500;

/** `sources` is one source of a kind that can be followed. */
export interface FollowReplayOptions extends ReplayOptions {
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
 * Replays what a source holds, then what comes, part by part until the signal. Each part is a whole replay of its own and
 * is committed before its findings are printed. Between two parts the file is closed, so that others can read it, and
 * nothing is kept in memory but how far the source was read. The model is loaded again for each part.
 */
export async function followReplay(options: FollowReplayOptions, events: FollowEvents): Promise<void> {
  const { source, follow } = followedSource(options.sources);
  const { signal, aws, from, fields, pollMs, settleMs, db } = options;
  const said = new Set<string>();
  const note = (text: string): void => {
    // Each part would repeat the notes on the model and the source.
    if (!said.has(text)) events.note(text);
    said.add(text);
  };
  const once = { note, progress: events.progress };
  await events.caughtUp(await replay(options, once));
  if (signal.aborted) return;
  const parts = follow(source, {
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
