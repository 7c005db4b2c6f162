import type { Severity } from "../../policy/lint/finding.ts";
import type { Plain } from "../../store/reader.ts";
import type { FindingClass, FindingRow, FindingState } from "./finding.ts";

/** What the header of a report does not say of its findings. */
export interface KindDetails {
  readonly class: FindingClass;
  readonly key: readonly string[];
  readonly rules?: readonly string[] | ((row: FindingRow) => readonly string[]);
  readonly resources?: readonly string[];
  readonly covering?: readonly string[];
  /** Absent: every row is one. */
  readonly state?: (row: FindingRow) => FindingState | null;
  /** Absent: that of the report. */
  readonly severity?: (row: FindingRow) => Severity;
  /** Absent: the key. */
  readonly message?: (row: FindingRow) => string;
}

export function text(value: Plain | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

export function list(value: Plain | undefined): string[] {
  return Array.isArray(value) ? (value as Plain[]).map(text) : [];
}

/** The first of a list and how many more there are; what follows is for people, who stop at a handful. */
export function few(items: readonly string[], shown = 8): string {
  if (items.length === 0) return "none";
  const more = items.length - shown;
  return items.slice(0, shown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** ` 443`, ` 8000-8080`, or nothing where all ports match; ICMP types are no ports. */
export function portText({ protocol, from_port: from, to_port: to }: FindingRow): string {
  if (from === null || from === undefined || text(protocol).startsWith("icmp")) return "";
  return from === to ? ` ${text(from)}` : ` ${text(from)}-${text(to)}`;
}
