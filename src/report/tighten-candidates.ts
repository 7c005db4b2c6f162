import { AppError } from "../errors.ts";
import { breadthScore, ruleVolume } from "../analysis/breadth.ts";
import type { SecurityGroupRule, Snapshot } from "../model/model.ts";
import { type StoredRecords, newestSnapshot } from "../store/stored-records.ts";
import { evidenceGap, evidenceOf, type Graded, unusedGrades, usageClasses } from "./removable.ts";

/** A rule that is told why nothing narrower is proposed. */
interface UntouchedRule extends Graded {
  readonly rule: SecurityGroupRule;
  readonly breadth: number;
}

export interface Candidates {
  /** In real use, with whole evidence where they stand. */
  readonly rules: readonly SecurityGroupRule[];
  readonly untouched: readonly UntouchedRule[];
  /** The newest configuration; undefined where there is none. */
  readonly snapshot: Snapshot | undefined;
}

export interface CandidateOptions {
  /** Empty for all group rules of this breadth and more. */
  readonly ruleIds: readonly string[];
  readonly broad: number;
  readonly keepReplyless: boolean;
}

/** The rules to narrow, of the newest configuration. Throws `E_USAGE` for an id that is none of a group rule in it. */
export async function tightenCandidates(stored: StoredRecords, options: CandidateOptions): Promise<Candidates> {
  const snapshot = newestSnapshot(stored);
  const known = [...(snapshot?.securityGroups.values() ?? [])].flatMap((group) => group.rules);
  if (!snapshot) return { rules: [], untouched: [], snapshot };
  const breadths = new Map(known.map((rule) => [rule.id, breadthScore(ruleVolume(rule, snapshot))]));
  const asked =
    options.ruleIds.length > 0
      ? namedRules(options.ruleIds, known, snapshot)
      : broadRules(known, breadths, options.broad);
  const unused = await unusedGrades(stored.evidence);
  const evidenceOfRules = await evidenceOf(stored.evidence);
  const classes = await usageClasses(stored.evidence);
  const rules: SecurityGroupRule[] = [];
  const untouched: UntouchedRule[] = [];
  for (const rule of asked) {
    const graded =
      unused.get(rule.id) ??
      gradeUse(classes.get(rule.id) ?? "none", evidenceGap(evidenceOfRules.get(rule.id)), options.keepReplyless);
    if (graded === null) rules.push(rule);
    else untouched.push({ rule, breadth: breadths.get(rule.id)!, ...graded });
  }
  return { rules, untouched, snapshot };
}

/** Null where the rule may be narrowed. */
function gradeUse(usageClass: string, gap: string | null, keepReplyless: boolean): Graded | null {
  if (gap !== null)
    return { status: "insufficient_evidence", reason: `${gap}: who is missing from the log would be shut out` };
  if (usageClass === "real" || (usageClass === "replyless" && keepReplyless)) return null;
  const reason =
    usageClass === "scanner_only"
      ? "only scanners came; `removable --real-only` says what can go"
      : "nobody was answered above the floor; see `report rule-peers`";
  return { status: usageClass, reason };
}

function broadRules(
  known: readonly SecurityGroupRule[],
  breadths: ReadonlyMap<string, number>,
  broad: number,
): SecurityGroupRule[] {
  return known
    .filter(({ id }) => breadths.get(id)! >= broad)
    .sort((a, b) => breadths.get(b.id)! - breadths.get(a.id)! || (a.id < b.id ? -1 : 1));
}

function namedRules(
  ids: readonly string[],
  known: readonly SecurityGroupRule[],
  snapshot: Snapshot,
): SecurityGroupRule[] {
  const byId = new Map(known.map((rule) => [rule.id, rule]));
  return [...new Set(ids)].map((id) => {
    const rule = byId.get(id);
    if (rule) return rule;
    const entry = [...snapshot.networkAcls.values()].some(({ entries }) => entries.some((one) => one.id === id));
    throw entry
      ? new AppError("E_USAGE", `${id} is an entry of a network ACL, not a group rule`, {
          hint: "tighten narrows security group rules",
        })
      : new AppError("E_USAGE", `no group rule ${id} in the newest configuration`, {
          hint: "rule ids stand in the reports, e.g. `flowreplay report rule-usage`",
        });
  });
}
