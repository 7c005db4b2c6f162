import { expect, test } from "vitest";
import { createLookupTable } from "../../src/evaluate/lookup/policy-lookup.ts";
import { createRuleSets, LIKELIER, OTHER, SOLE } from "../../src/evaluate/facts/rule-sets.ts";

const match = (rules: number[], possible: number[] = []) =>
  ({
    answer: "allow",
    rules,
    possible,
    because: possible.map(() => 1),
    untracked: false,
    named: false,
    doubt: null,
    echo: null,
  }) as never;

const certain = (ruleId: string) => ({ ruleId, certain: true, credited: true, because: 0 });

test("a rule set that an earlier run stored keeps its number when its rules have new indices", () => {
  const table = createLookupTable();
  const both = table.internMatch(match([0, 2]));
  const perhaps = table.internMatch(match([], [0, 2]));
  const fresh = table.internMatch(match([1]));
  const stored = [
    { number: 3, members: [certain("sgr-c"), certain("sgr-a")] },
    { number: 4, members: [certain("sgr-a"), certain("sgr-gone")] },
  ];
  const sets = createRuleSets(table, 7, stored, ["sgr-a", "sgr-b", "sgr-c"]);
  expect(sets.of(both, SOLE)).toBe(3);
  expect(sets.of(perhaps, SOLE)).toBe(7);
  expect(sets.of(fresh, SOLE)).toBe(8);
  expect(sets.list).toEqual([
    { members: [0, 2].map((rule) => ({ rule, certain: false, credited: true, because: 1 })) },
    { members: [{ rule: 1, certain: true, credited: true, because: 0 }] },
  ]);
});

test("certain rules of a set are credited, and those beside them that only may match are not", () => {
  const table = createLookupTable();
  const sets = createRuleSets(table, 1, [], []);
  sets.of(table.internMatch(match([3], [1])), SOLE);
  expect(sets.list).toEqual([
    {
      members: [
        { rule: 1, certain: false, credited: false, because: 1 },
        { rule: 3, certain: true, credited: true, because: 0 },
      ],
    },
  ]);
});

test("where both ends may have opened, no rule is certain, and only those of the likelier opener are credited", () => {
  const table = createLookupTable();
  const sets = createRuleSets(table, 1, [], []);
  const one = table.internMatch(match([3], [1]));
  sets.of(one, LIKELIER);
  sets.of(one, OTHER);
  const member = (rule: number, credited: boolean, because: number) => ({ rule, certain: false, credited, because });
  expect(sets.list).toEqual([
    { members: [member(1, false, 1 + 64), member(3, true, 64)] },
    { members: [member(1, false, 1 + 64), member(3, false, 64)] },
  ]);
});
