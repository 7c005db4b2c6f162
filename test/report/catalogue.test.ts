import { describe, expect, test } from "vitest";
import { findReport, GROUPS, loadCatalogue, parseReport } from "../../src/report/catalogue.ts";
import { bindParameters } from "../../src/report/run-report.ts";

const HEADER = `-- title: A title
-- description: What it says,
--   on two lines.
-- group: probes
-- severity: low
-- narrow: a b
-- param: limit integer 10 Rows at most
-- param: share number 0.5 A share
-- param: since timestamp - From when
-- param: indicators list - Addresses
select 1
`;

test("reads a header", () => {
  const report = parseReport("x", HEADER);
  expect(report).toMatchObject({
    title: "A title",
    description: "What it says, on two lines.",
    group: "probes",
    severity: "low",
    narrow: ["a", "b"],
  });
  expect(report.parameters[0]).toEqual({ name: "limit", type: "integer", default: "10", description: "Rows at most" });
});

test.each([
  ["-- title: a\nselect 1", "no description"],
  ["-- titel: a\nselect 1", "unknown header line"],
  ["-- title: a\n-- title: b\nselect 1", "title is given twice"],
  [HEADER.replace("integer", "int"), "int is none of"],
  [HEADER.replace("severity: low", "severity: bad"), "bad is none of"],
])("refuses a malformed header %#", (sql, message) => {
  expect(() => parseReport("x", sql)).toThrow(message);
});

describe("parameters", () => {
  const report = parseReport("x", HEADER);

  test.each([
    [{}, { limit: 10, share: 0.5, since: null, indicators: [] }],
    [
      { limit: "3", since: "2026-11-01T10:00+01:00" },
      { limit: 3, since: "2026-11-01 09:00:00" },
    ],
    [{ since: "2026-11-01" }, { since: "2026-11-01 00:00:00" }],
    [
      { indicators: "10.0.0.1, 10.0.0.2 # two\n# none\n2001:db8::/32\n" },
      { indicators: ["10.0.0.1", "10.0.0.2", "2001:db8::/32"] },
    ],
  ])("%j", (given, expected) => {
    expect(bindParameters(report, given)).toMatchObject(expected);
  });

  test.each([
    [{ limit: "1; drop table x" }, "limit must be a whole number, not 1; drop"],
    [{ share: "" }, "share must be a number"],
    [{ since: "yesterday" }, "since must be a time"],
    [{ nope: "1" }, "no parameter nope"],
  ])("refuses %j", (given, message) => {
    expect(() => bindParameters(report, given)).toThrow(message);
  });
});

test("every query of the catalogue has a known group and its parameters appear in the SQL", () => {
  const catalogue = loadCatalogue();
  expect(catalogue.length).toBeGreaterThan(0);
  for (const report of catalogue) {
    expect(GROUPS, report.name).toContain(report.group);
    expect(report.title.length, report.name).toBeLessThanOrEqual(60);
    for (const { name } of report.parameters) expect(report.sql, `${report.name}: ${name}`).toContain(`$${name}`);
  }
  expect(() => findReport(catalogue, "bad-line")).toThrow(expect.objectContaining({ hint: "did you mean bad-lines?" }));
});
