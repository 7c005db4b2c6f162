import { readText } from "../../model/files.ts";
import { locate } from "../../model/locate.ts";
import type { Model } from "../../model/model.ts";
import { missingReturnRanges, unreachableEntries } from "./acl-entries.ts";
import { missingDescriptions, openAdminPorts, widePortRanges } from "./exposure.ts";
import { type LintFinding, SEVERITIES } from "./finding.ts";
import { impliedRules } from "./implied-rules.ts";
import { attachments, danglingReferences, unreachableBlocks } from "./references.ts";
import { membersOf } from "./rule-boxes.ts";

/** The findings about the newest snapshot of a model, the most severe first, then in the order of the configuration. */
export function lintModel(model: Model): LintFinding[] {
  const snapshot = model.snapshots.at(-1);
  if (!snapshot) return [];
  const members = membersOf(snapshot);
  const findings = [
    ...openAdminPorts(snapshot, members),
    ...widePortRanges(snapshot),
    ...missingReturnRanges(snapshot),
    ...unreachableEntries(snapshot),
    ...danglingReferences(snapshot),
    ...attachments(snapshot, members),
    ...impliedRules(snapshot, members),
    ...unreachableBlocks(snapshot),
    ...missingDescriptions(snapshot),
  ];
  return findings.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/** The line of each finding in its file; null where the file has changed since. */
export async function findingLines(findings: readonly LintFinding[]): Promise<(number | null)[]> {
  const pointers = new Map<string, Set<string>>();
  for (const { origin } of findings) {
    const known = pointers.get(origin.file);
    if (known) known.add(origin.pointer);
    else pointers.set(origin.file, new Set([origin.pointer]));
  }
  const lines = new Map<string, ReadonlyMap<string, number>>();
  for (const [file, wanted] of pointers) lines.set(file, locate(await readText(file), wanted));
  return findings.map(({ origin }) => lines.get(origin.file)?.get(origin.pointer) ?? null);
}
