import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import { AppError } from "../errors.ts";
import { DEFAULT_MIN_DAYS } from "../report/parameters.ts";

export const databaseOption = (): Option => new Option("--db <file>", "the evidence file").default("flowreplay.duckdb");

export const tcpIdleOption = (): Option =>
  new Option(
    "--tcp-idle <seconds>",
    "idle timeout of established TCP connections (60-432000; 350 on newer instances)",
  ).argParser(wholeNumber(60, 432_000));

/**
 * How many days the window of a rule must have before anything is said of what the log does not show. Reports have the same as
 * a parameter.
 */
export interface MinDays {
  readonly minDays: number;
}

export const minDaysOption = (
  help = "a rule whose window is shorter is short_window, and no script removes it",
): Option => new Option("--min-days <days>", help).argParser(wholeNumber(0, 36_500)).default(DEFAULT_MIN_DAYS);

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}

/** `--local-port` of `localPort`. */
export function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Reads a whole number of an option. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`give a whole number from ${least} to ${most}`);
  };
}

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Unix seconds of an ISO 8601 time (UTC unless it has an offset), or of `7d`, `12h`, `30m`, `2w` before now. */
export function parseTime(text: string, _before?: unknown, now: number = Date.now()): number {
  const ago = /^(\d{1,6})([mhdw])$/.exec(text);
  if (ago) return Math.floor(now / 1000) - Number(ago[1]) * UNITS[ago[2]];
  const zoned = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(text) ? `${text}Z` : text;
  const time = /^\d{4}-\d{2}-\d{2}(T|$)/.test(zoned) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError("give an ISO 8601 time (2026-11-01T12:00:00Z) or 7d, 12h, 30m");
  return Math.floor(time / 1000);
}

/** The bytes of a file that an option names, `name` in messages; 0 is stdin. Throws `E_USAGE` if it cannot be read. */
export function readOptionFile(file: string | number, name = String(file)): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new AppError("E_USAGE", `cannot read ${name}: ${(cause as Error).message}`, { cause });
  }
}
