import { expect, test } from "vitest";
import { createLookupTable } from "../../src/evaluate/lookup/policy-lookup.ts";
import { createRuleSets } from "../../src/evaluate/facts/rule-sets.ts";

const match = (rules: number[], possible: number[] = []) =>
  ({ answer: "allow", rules, possible, untracked: false, named: false, doubt: null, echo: null }) as never;

test("a rule set that an earlier run stored keeps its number when its rules have new indices", () => {
  const table = createLookupTable();
  const both = table.internMatch(match([0, 2]));
  const perhaps = table.internMatch(match([], [0, 2]));
  const fresh = table.internMatch(match([1]));
  const stored = [
    { number: 3, ruleIds: ["sgr-c", "sgr-a"], certain: true },
    { number: 4, ruleIds: ["sgr-a", "sgr-gone"], certain: true },
  ];
  const sets = createRuleSets(table, 7, stored, ["sgr-a", "sgr-b", "sgr-c"]);
  expect(sets.of(both)).toBe(3);
  expect(sets.of(perhaps)).toBe(7);
  expect(sets.of(fresh)).toBe(8);
  expect(sets.list).toEqual([
    { rules: [0, 2], certain: false },
    { rules: [1], certain: true },
  ]);
});
