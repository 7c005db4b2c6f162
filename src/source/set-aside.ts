import { baseName } from "./object-name.ts";
import type { SourceEvents } from "./source.ts";

const CHECKSUMS = /\.(md5|sha1|sha224|sha256|sha384|sha512|crc|crc32|crc32c|asc|sig)$|^(md5|sha\d*)sums?(\.txt)?$/i;
const EVIDENCE = /\.duckdb(\.wal|\.tmp)?$/i;
/** Spark and Hadoop markers; the probe that a CloudWatch Logs export leaves in its bucket. */
const MARKERS = new Set(["_SUCCESS", "_started", "_committed", "aws-logs-write-test", "Thumbs.db", "desktop.ini"]);

/** Why a file or key is not taken for a flow log; null where it is. Judges the name alone. */
export function reasonToSetAside(name: string): string | null {
  const base = baseName(name);
  if (base === "") return "folder marker";
  if (base.startsWith(".")) return "hidden file";
  if (CHECKSUMS.test(base)) return "checksum file";
  if (EVIDENCE.test(base)) return "DuckDB file";
  if (MARKERS.has(base)) return "marker file";
  return null;
}

/** What a plan left out, told in one line a reason, however many there are. */
export interface SetAside {
  add(reason: string, name: string): void;
  /** `2 hidden files, 1 checksum file`; empty where nothing was set aside. */
  summary(): string;
  note(events: SourceEvents): void;
}

export function createSetAside(): SetAside {
  const byReason = new Map<string, { count: number; first: string }>();
  const summary = (): string =>
    [...byReason].map(([reason, { count }]) => `${count} ${reason}${count === 1 ? "" : "s"}`).join(", ");
  return {
    add(reason, name) {
      const seen = byReason.get(reason);
      if (seen) seen.count++;
      else byReason.set(reason, { count: 1, first: name });
    },
    summary,
    note(events) {
      for (const [reason, { count, first }] of byReason) {
        events.note(`set aside ${count} ${reason}${count === 1 ? "" : "s"} (${first}${count === 1 ? "" : ", ..."})`);
      }
    },
  };
}
