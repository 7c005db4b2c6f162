import { plural } from "../text.ts";
import type { SourceEvents, SourceObject, TimeWindow } from "./source.ts";

/**
 * A flow log object holds the records whose `end` lies in the five minutes from the time in its name (VPC User Guide, "Flow
 * log files").
 */
const OBJECT_SPAN = 300;

/**
 * How far the records of an object may lie from the time in its name, in seconds. Before it: a record is up to ten
 * minutes long (the longest aggregation interval) and delivery is best effort, about ten minutes late and at times more.
 * After it: `start` and `end` may be a minute off, and objects that others wrote are less exact than those of AWS.
 */
const LOOK_BACK = 3600;
const LOOK_AHEAD = 600;

/** `_20180620T1620Z_`, seconds allowed. */
const NAME_TIME = /(?<!\d)(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?Z/;
/**
 * `stream-1-2025-03-04-09-05-00-<uuid>`: when Firehose began the object. It ends fifteen minutes later at most, and holds what
 * was delivered meanwhile. [Amazon Data Firehose, "Understand data delivery": S3 object name, buffering hints]
 */
const FIREHOSE_TIME = /-(20\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-[0-9a-f]{8}-/;

/** Unix seconds of the time in the last part of a path or key; null where there is none, or none that exists. */
export function timeInName(name: string): number | null {
  const base = baseName(name);
  const match = NAME_TIME.exec(base) ?? FIREHOSE_TIME.exec(base);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const ms = Date.UTC(year!, month! - 1, day!, hour, minute, second);
  const back = new Date(ms);
  const exists = back.getUTCMonth() === month! - 1 && back.getUTCDate() === day && back.getUTCHours() === hour;
  return exists && minute! < 60 && second! < 60 ? ms / 1000 : null;
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The object times that may hold records of `from`..`to` (Unix seconds, both inclusive). */
export function objectWindow({ from, to }: { from?: number; to?: number }): TimeWindow {
  return {
    from: from === undefined ? null : from - OBJECT_SPAN - LOOK_AHEAD,
    to: to === undefined ? null : to + LOOK_BACK,
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

/** `<account>_vpcflowlogs_<region>_<flow-log-id>_<time>_<hash>`: AWS gives each delivered object its own (VPC User Guide, "Flow log files"). */
const DELIVERY = /^\d{12}_vpcflowlogs_[a-z0-9-]+_fl-[0-9a-f]+_\d{8}T\d{4}Z_[0-9a-f]+(?=\.|$)/;
const FLOW_LOG = /_(fl-[0-9a-f]+)_/;

/** The name under which AWS delivered an object, wherever it lies now; null where the name is of another kind. */
export function deliveryName(object: string): string | null {
  return DELIVERY.exec(baseName(object))?.[0] ?? null;
}

/** The id of the flow log that delivered an object, which its name tells (`fl-…`); null where it does not. */
export function flowLogId(object: string): string | null {
  return FLOW_LOG.exec(baseName(object))?.[1] ?? null;
}

const CHECKSUMS = /\.(md5|sha1|sha224|sha256|sha384|sha512|crc|crc32|crc32c|asc|sig)$|^(md5|sha\d*)sums?(\.txt)?$/i;
const EVIDENCE = /\.duckdb(\.wal|\.tmp)?$/i;
/** Spark and Hadoop markers; the probe that a CloudWatch Logs export leaves in its bucket. */
const MARKERS = new Set(["_SUCCESS", "_started", "_committed", "aws-logs-write-test", "Thumbs.db", "desktop.ini"]);

/** Why the name cannot be that of a flow log; null where it can. */
export function reasonToSetAside(name: string): string | null {
  const base = baseName(name);
  if (base === "") return "folder marker";
  if (base.startsWith(".")) return "hidden file";
  if (CHECKSUMS.test(base)) return "checksum file";
  if (EVIDENCE.test(base)) return "DuckDB file";
  if (MARKERS.has(base)) return "marker file";
  return null;
}

/** What a plan left out: one note for each reason. */
export interface SetAside {
  add(reason: string, name: string): void;
  /** `2 hidden files, 1 checksum file`; empty where nothing was set aside. */
  summary(): string;
  note(events: SourceEvents): void;
}

export function createSetAside(): SetAside {
  const byReason = new Map<string, { count: number; first: string }>();
  const summary = (): string => [...byReason].map(([reason, { count }]) => plural(count, reason)).join(", ");
  return {
    add(reason, name) {
      const seen = byReason.get(reason);
      if (seen) seen.count++;
      else byReason.set(reason, { count: 1, first: name });
    },
    summary,
    note(events) {
      for (const [reason, { count, first }] of byReason) {
        events.note(`set aside ${plural(count, reason)} (${first}${count === 1 ? "" : ", ..."})`);
      }
    },
  };
}
