import type { Model, Snapshot } from "../../policy/model.ts";
import type { FlowRecord } from "./record.ts";

/**
 * Seconds around a record in which a change of the configuration may still, or already, act on it: `start` and `end` may be
 * off by up to 60 s (VPC User Guide, "Flow log records"), and a change takes a moment to act.
 */
const TOLERANCE = 60;

/** The configurations that may have decided a record. */
export interface InForce {
  /** Those that know the interface; the one in force at the record's start first, then in order of time. */
  readonly snapshots: readonly Snapshot[];
  /** The interface stands only in snapshots that were not in force; the nearest of them is taken. */
  readonly elsewhere: boolean;
  readonly because: string;
}

export function snapshotsInForce(model: Model, record: FlowRecord): InForce {
  const all = model.snapshots;
  const knows = (snapshot: Snapshot): boolean => snapshot.interfaces.has(record.interfaceId);
  if (all.length === 0) return { snapshots: [], elsewhere: false, because: "there is no model" };
  const at = (time: number): number =>
    Math.max(
      0,
      all.findLastIndex((snapshot, place) => place === 0 || (snapshot.since ?? -Infinity) <= time),
    );
  const newest = all.length - 1;
  const first = record.start === null ? newest : at(record.start);
  const earliest = record.start === null ? newest : at(record.start - TOLERANCE);
  const latest = record.end === null ? newest : at(record.end + TOLERANCE);
  const during = all.slice(earliest, latest + 1);
  const inForce = [all[first], ...during.filter((snapshot) => snapshot !== all[first])].filter(knows);
  if (inForce.length > 0) {
    return { snapshots: inForce, elsewhere: false, because: whyInForce(all, record, during) };
  }
  const distance = (snapshot: Snapshot): number => Math.abs(all.indexOf(snapshot) - first);
  const nearest = all.filter(knows).sort((one, other) => distance(one) - distance(other))[0];
  if (!nearest) return { snapshots: [], elsewhere: false, because: "no configuration knows the interface" };
  return {
    snapshots: [nearest],
    elsewhere: true,
    because: "those in force do not know the interface; the nearest that does",
  };
}

function whyInForce(all: readonly Snapshot[], { start, action }: FlowRecord, during: readonly Snapshot[]): string {
  if (all.length === 1) return "the model has one configuration";
  if (start === null) return "the newest";
  if (all[0].since !== null && start < all[0].since)
    return "the earliest: the model knows nothing of the time before it";
  if (during.length > 1) return `a change is near: ${during.map((one) => one.name).join(", ")}`;
  return action === null ? "in force at that time" : "in force all through the record";
}
