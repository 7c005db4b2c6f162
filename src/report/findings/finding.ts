import { createHash } from "node:crypto";
import type { Severity } from "../../analysis/lint/finding.ts";
import type { Plain, EvidenceQuery } from "../../store/evidence-query.ts";
import type { Report } from "../catalogue.ts";
import { type GivenParameters, ownParameters } from "../parameters.ts";
import { rowObject } from "../rows.ts";
import { runReport, withoutLimit } from "../run-report.ts";

/** A row of a report, or of `lint`, by column. */
export type FindingRow = Readonly<Record<string, Plain>>;

/**
 * `fail`: the evidence proves it. `open`: this evidence cannot decide it (the term of SARIF 3.27.9), so nobody should act
 * on it, and `--fail-on` does not count it.
 */
export type FindingState = "fail" | "open";

/** `compliance` is about the configuration, `detection` about traffic (OCSF classes 2003 and 2004). */
export type FindingClass = "compliance" | "detection";

/** One statement of a report or of `lint`, independent of the output format. */
export interface Finding {
  /** A hash of the check and of what the finding is about, not of time or number, so it is the same in every run. */
  readonly id: string;
  /** Name of the report, or of the check of `lint`. */
  readonly check: string;
  readonly state: FindingState;
  readonly severity: Severity;
  readonly message: string;
  /** Rules and network ACL entries that it is about. */
  readonly ruleIds: readonly string[];
  /** Rules that make those of `ruleIds` redundant or shadow them. */
  readonly coveringRuleIds: readonly string[];
  /** Groups, network ACLs, interfaces and addresses that it is about. */
  readonly resourceIds: readonly string[];
  /** An example record. */
  readonly record: { readonly object: string; readonly line: number | null } | null;
  /** ISO 8601 UTC. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** Number of rows with the same id. */
  readonly occurrences: number;
  readonly row: FindingRow;
}

/** How the rows of a report, or of a check of `lint`, become findings. */
export interface FindingKind {
  readonly check: string;
  readonly title: string;
  readonly description: string;
  readonly class: FindingClass;
  /** Columns that identify a finding. */
  readonly key: readonly string[];
  /** Columns with the ids of the rules that a row is about. */
  rules(row: FindingRow): readonly string[];
  /** Columns with ids of resources, and of covering rules. */
  readonly resources: readonly string[];
  readonly covering: readonly string[];
  /** Null if the row is not a finding. */
  state(row: FindingRow): FindingState | null;
  severity(row: FindingRow): Severity;
  message(row: FindingRow): string;
}

/** The finding of a row; null if it has none. @internal */
export function findingOf(kind: FindingKind, row: FindingRow): Finding | null {
  const state = kind.state(row);
  if (state === null) return null;
  const texts = (columns: readonly string[]): string[] => [...new Set(columns.flatMap((name) => textsOf(row[name])))];
  return {
    id: findingId(kind, row),
    check: kind.check,
    state,
    severity: kind.severity(row),
    message: kind.message(row),
    ruleIds: texts(kind.rules(row)),
    coveringRuleIds: texts(kind.covering),
    resourceIds: texts(kind.resources),
    record: recordOf(row),
    firstSeen: timeOf(row, ["first_seen", "first_refused", "start_time", "from_time", "first_evidence"]),
    lastSeen: timeOf(row, ["last_seen", "first_accepted", "last_hit", "to_time", "start_time", "last_evidence"]),
    occurrences: 1,
    row,
  };
}

/** 128 bits of SHA-256. JSON keeps neighbouring values apart. */
export function findingId(kind: Pick<FindingKind, "check" | "key">, row: FindingRow): string {
  const parts = [kind.check, ...kind.key.map((name) => canonical(row[name] ?? null))];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** Lists in the key are sets: their order does not matter. */
function canonical(value: Plain): Plain {
  return Array.isArray(value) ? (value as Plain[]).map(String).sort() : value;
}

function textsOf(value: Plain | undefined): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return Array.isArray(value) ? (value as Plain[]).flatMap(textsOf) : [];
}

function recordOf(row: FindingRow): Finding["record"] {
  const object = row.source_object ?? row.example_object;
  if (typeof object !== "string") return null;
  const line = row.line ?? row.example_line;
  return { object, line: typeof line === "number" ? line : null };
}

function timeOf(row: FindingRow, names: readonly string[]): string | null {
  return names.map((name) => row[name]).find((value) => typeof value === "string") ?? null;
}

/** Findings of a report by id, in its order; rows with the same id are one finding. The default limit does not hold. */
export async function collectFindings(
  evidence: EvidenceQuery,
  report: Report,
  kind: FindingKind,
  given: GivenParameters,
): Promise<Map<string, Finding>> {
  const parameters = { ...withoutLimit(report, {}), ...ownParameters(report, given) };
  const { columns, chunks } = await runReport(evidence, report, parameters);
  const names = columns.map((column) => column.name);
  const found = new Map<string, Finding>();
  for await (const chunk of chunks) for (const row of chunk) addFinding(found, kind, rowObject(names, row));
  return found;
}

/** Adds the finding of a row, if it has one. */
export function addFinding(found: Map<string, Finding>, kind: FindingKind, row: FindingRow): void {
  const finding = findingOf(kind, row);
  if (finding === null) return;
  const before = found.get(finding.id);
  if (before === undefined) {
    found.set(finding.id, finding);
    return;
  }
  found.set(finding.id, {
    ...before,
    occurrences: before.occurrences + 1,
    firstSeen: earlier(before.firstSeen, finding.firstSeen),
    lastSeen: earlier(finding.lastSeen, before.lastSeen) === before.lastSeen ? finding.lastSeen : before.lastSeen,
  });
}

/** ISO 8601 UTC texts of equal precision sort as text. */
function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
