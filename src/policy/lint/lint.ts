import type { Model } from "../model.ts";
import { missingReturnRanges } from "./acl-return.ts";
import { unreachableEntries } from "./acl-entries.ts";
import { missingDescriptions } from "./descriptions.ts";
import { openAdminPorts, widePortRanges } from "./exposure.ts";
import { type Finding, SEVERITIES } from "./finding.ts";
import { impliedRules } from "./implied-rules.ts";
import { unreachableBlocks } from "./reach.ts";
import { attachments, danglingReferences } from "./references.ts";
import { membersOf } from "./rule-regions.ts";

/** Everything to look at in the newest snapshot of a model, the gravest first, in the order of the configuration. */
export function lintModel(model: Model): Finding[] {
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
