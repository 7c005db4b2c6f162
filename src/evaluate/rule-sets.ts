import type { ReadingTable } from "./reading.ts";

/** Rules, by place in `ruleIds`, that admit together. `certain`: false for rules that only may have matched. */
export interface RuleSet {
  readonly rules: readonly number[];
  readonly certain: boolean;
}

/** The distinct sets of rules that admit connections, by number. */
export interface RuleSets {
  readonly list: readonly RuleSet[];
  /** Number of the rule set of a match, -1 when no rule of it is credited. */
  of(match: number): number;
}

/** Rule sets are numbered from `firstRuleSet` on. */
export function createRuleSets(table: ReadingTable, firstRuleSet: number): RuleSets {
  const list: RuleSet[] = [];
  const ids = new Map<string, number>();
  return {
    list,
    of(match) {
      const { rules: certainly, possible } = table.matches[match];
      const certain = certainly.length > 0;
      const rules = certain ? certainly : possible;
      if (rules.length === 0) return -1;
      const text = `${certain}${rules.join(",")}`;
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
