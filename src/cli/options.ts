import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";

export const databaseOption = (): Option => new Option("--db <file>", "the evidence file").default("flowreplay.duckdb");

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Unix seconds of an ISO 8601 time (UTC unless it says otherwise), or of `7d`, `12h`, `30m`, `2w` before now. */
export function parseTime(text: string, _before?: unknown, now: number = Date.now()): number {
  const ago = /^(\d{1,6})([mhdw])$/.exec(text);
  if (ago) return Math.floor(now / 1000) - Number(ago[1]) * UNITS[ago[2]];
  const zoned = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(text) ? `${text}Z` : text;
  const time = /^\d{4}-\d{2}-\d{2}(T|$)/.test(zoned) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError("give an ISO 8601 time (2026-11-01T12:00:00Z) or 7d, 12h, 30m");
  return Math.floor(time / 1000);
}

/** Unix seconds as ISO 8601 UTC, to the second. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
