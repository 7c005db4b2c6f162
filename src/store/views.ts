import { readFileSync } from "node:fs";
import { POSSIBLE_CAUSES } from "../judgement.ts";

// This module lies two levels below the root, in src/ and in dist/, and so does the bundle that it becomes part of.
const FOLDER = new URL("../../queries/views/", import.meta.url);

/** In an order in which each needs only what comes before. */
const FILES = ["records", "addresses", "probes", "rule-usage", "coverage", "unknown-interfaces", "rule-evidence"];

/** From how many on a source counts as a scanner (see `scan_sources` in queries/views/probes.sql). */
export const DEFAULT_SCAN_LIMITS = {
  vertical_ports: 15,
  sweep_targets: 5,
  spray_ports: 10,
  brute_attempts: 30,
} as const;

/** The views and macros of an evidence file as SQL, to be executed once when it is made. */
export function readViews(): string {
  const values = {
    ...DEFAULT_SCAN_LIMITS,
    ...Object.fromEntries(POSSIBLE_CAUSES.map(({ name, bit }) => [name, bit])),
    settled_by: POSSIBLE_CAUSES.map(({ settledBy }) => `'${settledBy.replaceAll("'", "''")}'`).join(", "),
    possible_causes: POSSIBLE_CAUSES.map(({ name }) => `'${name}'`).join(", "),
    // A macro with parameters of these names.
    scan_kinds: scanKinds({}),
    default_scan_kinds: scanKinds(DEFAULT_SCAN_LIMITS),
  };
  return FILES.map((name) => fillIn(readSql(name), values)).join("\n");
}

/** The common table expressions of queries/views/scan-kinds.sql with these limits; those that are not given stay names. */
export function scanKinds(limits: Partial<typeof DEFAULT_SCAN_LIMITS>): string {
  return fillIn(readSql("scan-kinds"), limits);
}

function readSql(name: string): string {
  return readFileSync(new URL(`${name}.sql`, FOLDER), "utf8");
}

function fillIn(sql: string, values: Readonly<Record<string, number | string>>): string {
  return sql.replace(/\{([a-z_]+)\}/g, (_, name: string) => String(values[name] ?? name));
}
