import type { LookupTable } from "../lookup/policy-lookup.ts";

/** Rules, as indices into `ruleIds`, that admit together. `certain`: false for rules that only may have matched. */
export interface RuleSet {
  readonly rules: readonly number[];
  readonly certain: boolean;
}

/** A rule set of an evidence file. It keeps its number from run to run. */
export interface StoredRuleSet {
  readonly number: number;
  readonly ruleIds: readonly string[];
  readonly certain: boolean;
}

/** The distinct sets of rules that admit connections, by number. */
export interface RuleSets {
  readonly list: readonly RuleSet[];
  /** Number of the rule set of a match, -1 when no rule of it is credited. */
  of(match: number): number;
}

/** Numbers new rule sets from `firstRuleSet` on; those of earlier runs are recognised by the ids of their rules. */
export function createRuleSets(
  table: LookupTable,
  firstRuleSet: number,
  stored: readonly StoredRuleSet[],
  ruleIds: readonly string[],
): RuleSets {
  const list: RuleSet[] = [];
  const ids = new Map<string, number>();
  const textOf = (rules: readonly number[], certain: boolean): string =>
    `${certain}${rules.toSorted((a, b) => a - b).join(",")}`;
  const indices = new Map(stored.length === 0 ? [] : ruleIds.map((id, index) => [id, index]));
  for (const { number, ruleIds: members, certain } of stored) {
    const rules = members.flatMap((id) => indices.get(id) ?? []);
    if (rules.length === members.length) ids.set(textOf(rules, certain), number);
  }
  return {
    list,
    of(match) {
      const { rules: certainly, possible } = table.matches[match];
      const certain = certainly.length > 0;
      const rules = certain ? certainly : possible;
      if (rules.length === 0) return -1;
      const text = textOf(rules, certain);
      let id = ids.get(text);
      if (id === undefined) {
        id = firstRuleSet + list.length;
        list.push({ rules, certain });
        ids.set(text, id);
      }
      return id;
    },
  };
}
