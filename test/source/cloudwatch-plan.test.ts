import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRate } from "../../src/source/aws.ts";
import { cursorsOf, fieldsOf, parseGroup, hourName, hourObject, hoursOf } from "../../src/source/cloudwatch-plan.ts";

const at = (iso: string): number => Date.parse(iso);
const group = { group: "/aws/vpc/flow", streams: "eni-", scope: "123456789012/us-east-1" };
const nine = at("2025-03-04T09:00:00Z");
const base = "cloudwatch:///aws/vpc/flow/123456789012/us-east-1/2025-03-04T09:00Z";

describe("the object of an hour", () => {
  it.each([
    ["closed, never read", "2025-03-04T11:01:00Z", [], base, null, null],
    ["closed, read as a whole", "2025-03-04T11:01:00Z", [base], null],
    ["open", "2025-03-04T09:38:12Z", [], `${base}@2025-03-04T09:37:12Z`, null, "2025-03-04T09:37:12Z"],
    [
      "open, read before",
      "2025-03-04T10:30:00Z",
      [`${base}@2025-03-04T09:37:12Z`, `${base}@2025-03-04T09:50:00Z`],
      `${base}@2025-03-04T10:29:00Z`,
      "2025-03-04T09:50:00Z",
      "2025-03-04T10:29:00Z",
    ],
    ["open, read just now", "2025-03-04T09:38:12Z", [`${base}@2025-03-04T09:37:12Z`], null],
    [
      "closed, read in parts",
      "2025-06-01T00:00:00Z",
      [`${base}@2025-03-04T09:50:00Z`],
      `${base}@2025-03-04T11:00:00Z`,
      "2025-03-04T09:50:00Z",
      null,
    ],
    ["closed, finished in parts", "2025-06-01T00:00:00Z", [`${base}@2025-03-04T11:00:00Z`], null],
    ["to come", "2025-03-04T08:59:00Z", [], null],
  ] as [string, string, string[], string | null, (string | null)?, (string | null)?][])(
    "%s",
    (_, now, ingested, name, from, to) => {
      const object = hourObject(group, nine, at(now), cursorsOf(ingested));
      expect(object?.name ?? null).toBe(name);
      if (name === null) return;
      expect(object).toMatchObject({
        time: nine / 1000,
        locator: { from: nine, to: nine + 3_599_999, ingestedFrom: from && at(from), ingestedTo: to && at(to) },
      });
    },
  );

  it("gives every event exactly once, whenever it was taken in and whenever it was looked for", () => {
    const minute = 60_000;
    const event = fc.record({ time: fc.integer({ min: 0, max: 59 }), lag: fc.integer({ min: 0, max: 120 }) });
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.integer({ min: 0, max: 300 })), (events, looks) => {
        const ingested: string[] = [];
        const seen = events.map(() => 0);
        for (const look of [...looks.sort((a, b) => a - b), 1000]) {
          const now = nine + look * minute;
          const object = hourObject(group, nine, now, cursorsOf(ingested));
          if (object === null) continue;
          ingested.push(object.name);
          const { ingestedFrom, ingestedTo } = object.locator as {
            ingestedFrom: number | null;
            ingestedTo: number | null;
          };
          for (const [i, { time, lag }] of events.entries()) {
            const taken = nine + (time + lag) * minute;
            if (taken <= now && taken >= (ingestedFrom ?? 0) && taken < (ingestedTo ?? Infinity)) seen[i]!++;
          }
        }
        // Later than an hour after the end is later than an hour stays open, unless the look itself was later.
        const promised = events.map(({ time, lag }) => time + lag < 120);
        return seen.every((count, i) => count === 1 || (!promised[i] && count === 0));
      }),
      { numRuns: 500 },
    );
  });
});

it("covers stretches with whole hours, once each", () => {
  const stretches = [
    { from: nine + 1, to: nine + 2 },
    { from: nine - 1, to: nine + 3_600_000 },
    { from: nine + 9, to: nine },
  ];
  expect(hoursOf(stretches).map((start) => hourName(group, start).slice(-17))).toEqual([
    "2025-03-04T08:00Z",
    "2025-03-04T09:00Z",
    "2025-03-04T10:00Z",
  ]);
});

it.each([
  ["cloudwatch://flow", { group: "flow", streams: "eni-" }],
  ["cloudwatch:///aws/vpc/flow", { group: "/aws/vpc/flow", streams: "eni-" }],
  ["cloudwatch://flow:eni-0abc", { group: "flow", streams: "eni-0abc" }],
  ["cloudwatch://flow:", { group: "flow", streams: "" }],
])("reads %s", (uri, expected) => {
  expect(parseGroup(uri)).toEqual({ ...expected, scope: "" });
});

it.each(["cloudwatch://", "cloudwatch://a b", "cloudwatch://a:b:c", "cloudwatch://a:b*"])("refuses %s", (uri) => {
  expect(() => parseGroup(uri)).toThrow(`not a log group: ${uri}`);
});

it("takes the names out of a LogFormat", () => {
  expect(fieldsOf("${version} ${account-id}  ${interface-id}")).toBe("version account-id interface-id");
});

it("holds a rate: a burst of a second, then one after the other", async () => {
  const waits: number[] = [];
  const rate = createRate(5, async (ms) => void waits.push(ms));
  for (let i = 0; i < 8; i++) await rate();
  expect(waits.map((ms) => Math.round(ms / 100))).toEqual([2, 4, 6]);
});
