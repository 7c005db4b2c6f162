import { breadthScore, ruleVolume } from "../analysis/breadth.ts";
import { AppError } from "../errors.ts";
import type { SecurityGroupRule, Snapshot } from "../model/model.ts";
import { type StoredRecords, newestSnapshot } from "../store/stored-records.ts";
import { type Grade, readRuleEvidence, type RuleWindow } from "./removable.ts";

/** A rule that nothing narrower is proposed for, with the reason. */
interface UntouchedRule extends Grade {
  readonly rule: SecurityGroupRule;
  readonly breadth: number;
}

export interface Candidates {
  /** Rules in real use, with complete evidence at their interfaces. */
  readonly rules: readonly SecurityGroupRule[];
  readonly untouched: readonly UntouchedRule[];
  /** By rule id. */
  readonly windows: ReadonlyMap<string, RuleWindow>;
  /** The newest configuration; undefined without a model. */
  readonly snapshot: Snapshot | undefined;
}

export interface CandidateOptions {
  /** Empty for all group rules at least as broad as `broad`. */
  readonly ruleIds: readonly string[];
  readonly broad: number;
  readonly keepReplyless: boolean;
  readonly minDays: number;
}

/** The rules to narrow, of the newest configuration. Throws `E_USAGE` for an id that is not a group rule in it. */
export async function tightenCandidates(stored: StoredRecords, options: CandidateOptions): Promise<Candidates> {
  const snapshot = newestSnapshot(stored);
  const known = [...(snapshot?.securityGroups.values() ?? [])].flatMap((group) => group.rules);
  if (!snapshot) return { rules: [], untouched: [], windows: new Map(), snapshot };
  const breadths = new Map(known.map((rule) => [rule.id, breadthScore(ruleVolume(rule, snapshot))]));
  const asked =
    options.ruleIds.length > 0
      ? namedRules(options.ruleIds, known, snapshot)
      : broadRules(known, breadths, options.broad);
  const { unused, gaps, classes, windows } = await readRuleEvidence(stored.evidence, options.minDays);
  const rules: SecurityGroupRule[] = [];
  const untouched: UntouchedRule[] = [];
  for (const rule of asked) {
    const graded =
      unused.get(rule.id) ?? gradeUse(classes.get(rule.id) ?? "none", gaps.get(rule.id), options.keepReplyless);
    if (graded === null) rules.push(rule);
    else untouched.push({ rule, breadth: breadths.get(rule.id)!, ...graded });
  }
  return { rules, untouched, windows, snapshot };
}

/** Null if the rule may be narrowed. */
function gradeUse(usageClass: string, gap: string | undefined, keepReplyless: boolean): Grade | null {
  if (gap !== undefined)
    return { status: "insufficient_evidence", reason: `${gap}: peers that are missing from the log would be shut out` };
  if (usageClass === "real" || (usageClass === "replyless" && keepReplyless)) return null;
  const reason =
    usageClass === "scanner_only"
      ? "only scanners used it; `removable --real-only` says whether it can be removed"
      : "no connection was answered above the floor; see `report rule-peers`";
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
          hint: "reports have the rule ids, e.g. `flowreplay report rule-usage`",
        });
  });
}
