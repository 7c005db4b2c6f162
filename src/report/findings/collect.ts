import type { Plain, Reader, ResultStream } from "../../store/reader.ts";
import type { Report } from "../catalogue.ts";
import { rowObject } from "../renderers/json.ts";
import { type GivenParameters, ownParameters, runReport } from "../run-report.ts";
import { type Finding, type FindingKind, findingOf } from "./finding.ts";

/** All of them: a finding beyond a report's limit is one all the same. */
const NO_LIMIT = "1000000000000";

/** Findings of a report by id, in its order; rows that say the same are one finding. */
export async function collectFindings(
  reader: Reader,
  report: Report,
  kind: FindingKind,
  given: GivenParameters,
): Promise<Map<string, Finding>> {
  const limited = report.parameters.some((parameter) => parameter.name === "limit") && given.limit === undefined;
  const parameters = { ...ownParameters(report, given), ...(limited ? { limit: NO_LIMIT } : {}) };
  return foldFindings(kind, await runReport(reader, report, parameters));
}

export async function foldFindings(kind: FindingKind, result: ResultStream): Promise<Map<string, Finding>> {
  const names = result.columns.map((column) => column.name);
  const rows = async function* (): AsyncGenerator<Record<string, Plain>> {
    for await (const chunk of result.chunks) for (const row of chunk) yield rowObject(names, row);
  };
  const found = new Map<string, Finding>();
  for await (const row of rows()) {
    const finding = findingOf(kind, row);
    if (finding !== null) addFinding(found, finding);
  }
  return found;
}

export function addFinding(found: Map<string, Finding>, finding: Finding): void {
  const before = found.get(finding.id);
  if (before === undefined) found.set(finding.id, finding);
  else {
    found.set(finding.id, {
      ...before,
      occurrences: before.occurrences + 1,
      firstSeen: earlier(before.firstSeen, finding.firstSeen),
      lastSeen: earlier(finding.lastSeen, before.lastSeen) === before.lastSeen ? finding.lastSeen : before.lastSeen,
    });
  }
}

/** ISO 8601 UTC texts of equal precision order as text. */
function earlier(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
