import { POSSIBLE_CAUSES } from "../../judgement.ts";
import type { FilterMatch } from "../../policy/filters.ts";
import type { LookupTable } from "../lookup/policy-lookup.ts";

/** A rule that admitted a connection, or may have. */
interface RuleSetMember {
  /** Index into `ruleIds`. */
  readonly rule: number;
  /** It matches in every possible world. Only this supports a claim about the rule. */
  readonly certain: boolean;
  /** The connection counts for it: it is certain, or one of those that may have admitted what no rule certainly did. */
  readonly credited: boolean;
  /** Why it is not certain, as bits of POSSIBLE_CAUSES; 0 if it is. */
  readonly because: number;
}

/** Rules that admit together, in the order of their indices. */
export interface RuleSet {
  readonly members: readonly RuleSetMember[];
}

/** A rule set of an evidence file. It keeps its number from run to run. */
export interface StoredRuleSet {
  readonly number: number;
  readonly members: readonly (Omit<RuleSetMember, "rule"> & { readonly ruleId: string })[];
}

/** The only possible opener of a connection. */
export const SOLE = 0;
/** The likelier one of two. */
export const LIKELIER = 1;
/** One that is not likelier than the other. */
export const OTHER = 2;
export const ROLES = 3;
export type OpenerRole = typeof SOLE | typeof LIKELIER | typeof OTHER;

/** The distinct sets of rules that admit connections, by number. */
export interface RuleSets {
  readonly list: readonly RuleSet[];
  /** Number of the rule set of a match for an opener of this role, -1 if no rule matches or may match. */
  of(match: number, role: OpenerRole): number;
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
  const indices = new Map(stored.length === 0 ? [] : ruleIds.map((id, index) => [id, index]));
  for (const { number, members } of stored) {
    const known = members.flatMap(({ ruleId, ...flags }) => {
      const rule = indices.get(ruleId);
      return rule === undefined ? [] : [{ rule, ...flags }];
    });
    if (known.length === members.length) ids.set(textOf(known.toSorted(byRule)), number);
  }
  return {
    list,
    of(match, role) {
      const members = membersOf(table.matches[match], role);
      if (members.length === 0) return -1;
      const text = textOf(members);
      let id = ids.get(text);
      if (id === undefined) {
        id = firstRuleSet + list.length;
        list.push({ members });
        ids.set(text, id);
      }
      return id;
    },
  };
}

function membersOf({ rules, possible, because }: FilterMatch, role: OpenerRole): RuleSetMember[] {
  const opener = role === SOLE ? 0 : OPENER_UNKNOWN;
  const counts = role !== OTHER;
  return [
    ...rules.map((rule) => ({ rule, certain: role === SOLE, credited: counts, because: opener })),
    ...possible.map((rule, at) => ({
      rule,
      certain: false,
      credited: counts && rules.length === 0 && (because[at] & INTERFACE_UNKNOWN) === 0,
      because: because[at] | opener,
    })),
  ].sort(byRule);
}

const bitOf = (cause: (typeof POSSIBLE_CAUSES)[number]["name"]): number =>
  POSSIBLE_CAUSES.find(({ name }) => name === cause)!.bit;
const OPENER_UNKNOWN = bitOf("opener_unknown");
/** The rules of all groups of a VPC, of which the interface has few: the connection counts for none of them. */
const INTERFACE_UNKNOWN = bitOf("interface_not_in_model");

const byRule = (a: RuleSetMember, b: RuleSetMember): number => a.rule - b.rule;

const textOf = (members: readonly RuleSetMember[]): string =>
  members.map(({ rule, certain, credited, because }) => `${rule} ${certain} ${credited} ${because}`).join(",");
