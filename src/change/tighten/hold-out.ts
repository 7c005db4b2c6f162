import type { SecurityGroupRule, Snapshot } from "../../policy/model.ts";
import { admission, type Limits, type Narrowed, narrowRule, type Replacement } from "./narrow.ts";
import type { Use } from "./use.ts";

/** A use with the accepted records that need it, before the split and from it on. */
export interface TimedUse extends Use {
  readonly learnt: number;
  readonly heldBack: number;
}

/** Of the held-back records, those that rules learnt on the first part of the window would have denied. */
export interface HoldOut {
  readonly records: number;
  readonly broken: number;
}

export interface Tested {
  readonly narrowed: Narrowed;
  /** Of the replacement chosen; null where one of the two parts has no use of the rule. */
  readonly holdOut: HoldOut | null;
  /** Of each point of the curve, learnt with as many rules at most. */
  readonly ofCurve: readonly (HoldOut | null)[];
}

/** The replacements of a rule, learnt on the whole window, with what the same method had done on its first part. */
export function testedReplacements(
  rule: SecurityGroupRule,
  uses: readonly TimedUse[],
  snapshot: Snapshot,
  limits: Limits,
): Tested {
  const narrowed = narrowRule(rule, uses, snapshot, limits);
  const first = uses.filter((use) => use.learnt > 0);
  const second = uses.filter((use) => use.heldBack > 0);
  if (first.length === 0 || second.length === 0)
    return { narrowed, holdOut: null, ofCurve: narrowed.curve.map(() => null) };
  const learnt = narrowRule(rule, first, snapshot, limits);
  const admits = admission(rule, snapshot);
  const records = second.reduce((sum, use) => sum + use.heldBack, 0);
  const test = (replacement: Replacement | null | undefined): HoldOut | null => {
    if (!replacement) return null;
    const denied = second.filter((use) => !replacement.rules.some((one) => admits(one, use)));
    return { records, broken: denied.reduce((sum, use) => sum + use.heldBack, 0) };
  };
  return {
    narrowed,
    holdOut: narrowed.chosen && test(learnt.chosen),
    ofCurve: narrowed.curve.map(({ rules, withinLimits }) =>
      test(learnt.curve.findLast((one) => one.rules.length <= rules.length && one.withinLimits === withinLimits)),
    ),
  };
}
