import type { SourceObject, TimeWindow } from "./source.ts";

/**
 * A flow log object holds the records whose `end` lies in the five minutes from the time in its name (VPC User Guide, "Flow
 * log files").
 */
export const OBJECT_SPAN = 300;

/**
 * How far the records of an object may lie from the time in its name, in seconds. Before it: a record is up to ten
 * minutes long (the longest aggregation interval) and delivery is best effort, about ten minutes late and at times more.
 * After it: `start` and `end` may be a minute off, and objects that others wrote are less exact than those of AWS.
 */
export const LOOK_BACK = 3600;
export const LOOK_AHEAD = 600;

/** `_20180620T1620Z_`, seconds allowed. */
const NAME_TIME = /(?<!\d)(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?Z/;

/** Unix seconds of the time in the last part of a path or key; null where there is none, or none that exists. */
export function timeInName(name: string): number | null {
  const match = NAME_TIME.exec(baseName(name));
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const ms = Date.UTC(year!, month! - 1, day!, hour, minute, second);
  const back = new Date(ms);
  const exists = back.getUTCMonth() === month! - 1 && back.getUTCDate() === day && back.getUTCHours() === hour;
  return exists && minute! < 60 && second! < 60 ? ms / 1000 : null;
}

export function baseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The object times that may hold records of `from`..`to` (Unix seconds, both inclusive). */
export function objectWindow(range: { from?: number; to?: number }): TimeWindow {
  return {
    from: range.from === undefined ? null : range.from - OBJECT_SPAN - LOOK_AHEAD,
    to: range.to === undefined ? null : range.to + LOOK_BACK,
  };
}

/** An object without a time in its name may hold anything: it is always read. */
export function inWindow(time: number | null, window: TimeWindow): boolean {
  if (time === null) return true;
  return (window.from === null || time >= window.from) && (window.to === null || time <= window.to);
}

/**
 * The canonical order: by the time in the name, then by the last part of the name, then by the whole name, in code
 * units. So the same logs come in the same order from a folder, another folder and S3. Objects without a time follow.
 */
export function compareObjects(a: SourceObject, b: SourceObject): number {
  if (a.time !== b.time) {
    if (a.time === null) return 1;
    if (b.time === null) return -1;
    return a.time - b.time;
  }
  return compareText(baseName(a.name), baseName(b.name)) || compareText(a.name, b.name);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
