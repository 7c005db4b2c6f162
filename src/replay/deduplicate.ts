import { answerBits, bucketOf, createDuplicateFilter } from "../evaluate/duplicate-filter.ts";
import type { Evaluator } from "../evaluate/evaluator.ts";
import type { LookedUpBatch } from "../evaluate/lookup/policy-lookup.ts";
import { deliveryName } from "../source/object-name.ts";
import type { SourceObject } from "../source/source.ts";
import { channelName } from "../source/table.ts";
import type { EvidenceWriter } from "../store/evidence-writer.ts";
import type { LedgerEntry, StoredState } from "../store/stored-state.ts";
import type { SharedNames } from "./sent-batches.ts";

export interface DeduplicationContext {
  readonly evidence: Pick<EvidenceWriter, "identities">;
  readonly state: StoredState;
  readonly evaluator: Evaluator;
  readonly names: SharedNames;
  readonly events: { note(text: string): void };
  /** Resolves when the writer has everything that was judged. */
  stored(): Promise<void>;
  /** More rows than may be filtered and not yet judged. */
  readonly hotRows: number;
}

/** Two flow logs over the same interfaces deliver every record twice, in one run or in two. */
export interface Deduplication {
  /** Removes from the batch what another channel has delivered before; returns how many rows went. */
  removeDuplicates(read: LookedUpBatch, objectId: number): Promise<number>;
}

/**
 * Knows which channel (flow log, log group) delivers which object, known or new, and when each has records; the filter of
 * evaluate/duplicate-filter.ts recognises the records. Null where all objects came by one channel: there are no duplicates.
 */
export function createDeduplication(
  objects: readonly SourceObject[],
  { evidence, state, evaluator, names, events, stored, hotRows }: DeduplicationContext,
): Deduplication | null {
  const known = state.objects;
  const channels = numberChannels([...known, ...objects].map(({ name }) => name));
  if (new Set(channels).size < 2) return null;
  const channelOfObject = new Map(known.map(({ objectId }, at) => [objectId, channels[at]]));
  for (const at of objects.keys()) channelOfObject.set(state.nextObject + at, channels[known.length + at]);
  const times = bucketsOf(known);
  const blindTimes = bucketsOf(known.filter(({ hasRows }) => !hasRows));
  const { strings } = names.interfaces;
  let unnamed = -1;
  let looked = 0;
  let noted = false;
  const duplicates = createDuplicateFilter({
    mayBeStored: (bucket) => isWithin(times, bucket),
    async load(buckets) {
      if (!noted && buckets.some((bucket) => isWithin(blindTimes, bucket))) {
        noted = true;
        events.note(
          "records of the same time were stored without a row each (--no-flows) or pruned: what another flow log delivers of them again is not recognised",
        );
      }
      await stored();
      return evidence.identities(buckets);
    },
    channelOf: (objectId) => channelOfObject.get(objectId)!,
    answerOf: (judgement) => {
      const own = judgement - evaluator.firstJudgement;
      if (own < 0) return state.answers[judgement];
      const { action, logStatus } = evaluator.judgements[own];
      return answerBits(action, logStatus);
    },
    unnamed() {
      for (; unnamed < 0 && looked < strings.length; looked++) if (strings[looked] === "-") unnamed = looked;
      return unnamed;
    },
    hotRows,
  });
  return { removeDuplicates: (read, objectId) => duplicates.filter(read, channelOfObject.get(objectId)!) };
}

/**
 * The channel of each object as a number. A second copy of a delivered object is a channel of its own, as it repeats the
 * first; so is standard input that comes a second time.
 */
function numberChannels(names: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  const seen = new Map<string, number>();
  return names.map((name) => {
    const delivery = deliveryName(name) ?? name;
    const copy = seen.get(delivery) ?? 0;
    seen.set(delivery, copy + 1);
    const channel = `${channelName(name)}#${copy}`;
    if (!numbers.has(channel)) numbers.set(channel, numbers.size);
    return numbers.get(channel)!;
  });
}

/** The buckets in which objects have records, as stretches that do not touch, ascending. */
function bucketsOf(objects: readonly LedgerEntry[]): { from: number; to: number }[] {
  const stretches: { from: number; to: number }[] = [];
  const timed = objects
    .filter(({ firstTime }) => firstTime !== null)
    .map(({ firstTime, lastTime }) => ({ from: bucketOf(firstTime!), to: bucketOf(lastTime!) }))
    .sort((a, b) => a.from - b.from);
  for (const { from, to } of timed) {
    const last = stretches.at(-1);
    if (last === undefined || from > last.to + 1) stretches.push({ from, to });
    else last.to = Math.max(last.to, to);
  }
  return stretches;
}

function isWithin(stretches: readonly { from: number; to: number }[], bucket: number): boolean {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle].to < bucket) low = middle + 1;
    else high = middle;
  }
  return low < stretches.length && stretches[low].from <= bucket;
}
