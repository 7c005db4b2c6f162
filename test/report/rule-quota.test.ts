import { expect, test } from "vitest";
import { quotaNotes } from "../../src/report/rule-quota.ts";
import { prefix, rule, snapshotOf } from "../analysis/lint/snapshots.ts";

const many = (from: number, to: number): ReturnType<typeof rule>[] =>
  Array.from({ length: to - from }, (_, at) =>
    rule(`sgr-${from + at}`, "sg-1", { peer: prefix(`10.0.0.${from + at}/32`) }),
  );

test("what a group would have, families apart, what goes not counted", () => {
  const snapshot = snapshotOf({ rules: many(0, 58) });
  expect(quotaNotes(snapshot, { remove: ["sgr-0"], add: many(58, 61) })).toEqual([]);
  expect(quotaNotes(snapshot, { remove: [], add: many(58, 61) })).toEqual([
    "sg-1 would have 61 ingress rules; AWS's default quota is 60 a direction and family",
  ]);
  const six = rule("sgr-six", "sg-1", { peer: prefix("2001:db8::/64") });
  expect(quotaNotes(snapshot, { remove: [], add: [...many(58, 60), six] })).toEqual([]);
});
