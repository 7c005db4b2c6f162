import type { SecurityGroupRule } from "../../model/model.ts";
import { readableId } from "../../model/security-group-rules.ts";
import { type StoredRecords, newestSnapshot } from "../../store/stored-records.ts";
import { type ChangeGroup, isBreaking } from "../change-groups.ts";
import { changesOf, proposeReplacements } from "../what-if.ts";
import { isNeeded, keepRule, proposeRules, type TightenedRule, type TightenOptions } from "./propose.ts";
import { recordWindow } from "./required-flows.ts";

export interface Tightened {
  readonly rules: readonly TightenedRule[];
  /** Records judged again with all replacements: no real accepted one is denied, no rejected one accepted. */
  readonly recordsProven: number;
  /** Times of the records, Unix seconds. Rules were learnt before the split and tested on the rest. */
  readonly window: { readonly first: number; readonly last: number; readonly split: number };
}

/** Each round keeps or restricts the rules that the proof rejected, so few are needed. */
const MOST_ROUNDS = 20;

/**
 * Narrower rules for the given ones, which must be in real use and have complete evidence. All replacements are proven
 * together by judging every stored record again; a rule whose replacement fails is kept. Null without records.
 */
export async function tightenRules(
  stored: StoredRecords,
  rules: readonly SecurityGroupRule[],
  options: TightenOptions,
): Promise<Tightened | null> {
  const snapshot = newestSnapshot(stored);
  const records = await recordWindow(stored);
  if (!snapshot || !records) return null;
  const { first, last } = records;
  const split = options.holdOut > 0 ? Math.ceil(last - (last - first) * options.holdOut) : last + 1;
  const window = { first, last, split };
  const kept = new Map<string, string>();
  const unreferenced = new Set<string>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const open = rules.filter(({ id }) => !kept.has(id));
    const found = await proposeRules(stored, snapshot, open, options, split, unreferenced);
    const keptNow = rules.flatMap((rule) => (kept.has(rule.id) ? [keepRule(rule, kept.get(rule.id)!, snapshot)] : []));
    const edit = editOf(found);
    const clash = clashing(found, edit.add);
    if (clash.length > 0) {
      for (const id of clash) kept.set(id, "it is the narrower rule that replaces another one");
      continue;
    }
    const replacements = new Map(
      found.flatMap(({ rule, replacement }) => (replacement ? [[rule.id, replacement.rules]] : [])),
    );
    const { tally, groups } = await changesOf(stored, proposeReplacements(replacements));
    const wrong = groups.filter((group) => isWrong(group, options));
    if (wrong.length === 0 && tally.ungrouped === 0) {
      return { rules: [...found, ...keptNow], recordsProven: tally.records, window };
    }
    blame(found, wrong, { kept, unreferenced });
  }
  throw new Error("the narrower rules do not settle");
}

/** All replacements as one edit. A rule that two of them need is added once. */
export function editOf(found: readonly TightenedRule[]) {
  const replaced = found.filter(({ replacement }) => replacement !== null);
  const added = new Map(replaced.flatMap(({ replacement }) => replacement!.rules.map((rule) => [rule.id, rule])));
  return { remove: replaced.map(({ rule }) => rule.id), add: [...added.values()] };
}

/** Rules to remove that a replacement would add again unchanged: AWS refuses duplicates. */
function clashing(found: readonly TightenedRule[], added: readonly SecurityGroupRule[]): string[] {
  const ids = new Set(added.map(({ id }) => id));
  return found.flatMap(({ rule, replacement }) => (replacement !== null && ids.has(readableId(rule)) ? [rule.id] : []));
}

/** Real accepted traffic would be denied, or rejected traffic accepted. */
function isWrong({ effect, trafficClass }: ChangeGroup, options: TightenOptions): boolean {
  return effect === "opens" || (isBreaking(effect) && isNeeded(trafficClass, options));
}

/** First drops references, whose members may have changed within the window. A rule that still fails is kept. */
function blame(
  found: readonly TightenedRule[],
  wrong: readonly ChangeGroup[],
  to: { readonly kept: Map<string, string>; readonly unreferenced: Set<string> },
): void {
  const named = new Set(wrong.flatMap(({ ruleIds }) => ruleIds));
  const replaced = found.filter(({ replacement }) => replacement !== null);
  const blamed = replaced.filter(
    ({ rule, replacement }) => named.has(rule.id) || replacement!.rules.some(({ id }) => named.has(id)),
  );
  for (const { rule, replacement } of blamed.length > 0 ? blamed : replaced) {
    const references = replacement!.rules.some(({ peer }) => peer.kind !== "cidr") && rule.peer.kind === "cidr";
    if (references && !to.unreferenced.has(rule.id)) to.unreferenced.add(rule.id);
    else
      to.kept.set(
        rule.id,
        "judging the records again does not confirm a narrower rule: the configuration changed within the window",
      );
  }
}
