import { expect, test } from "vitest";
import { findReport, GROUPS, loadCatalogue, parseReport } from "../../src/report/catalogue.ts";
import { DEFAULT_MIN_DAYS } from "../../src/report/parameters.ts";

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

test("a header gives title, description, group, severity, columns and parameters", () => {
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

test("every report that speaks of windows asks for as many days as the commands do", () => {
  const days = loadCatalogue().flatMap(({ name, parameters }) =>
    parameters.filter((one) => one.name === "min_days").map((one) => [name, Number(one.default)]),
  );
  const asking = ["overbroad-rules", "redundant-rules", "stale-open-rules", "unused-rules"];
  expect(days).toEqual(asking.map((name) => [name, DEFAULT_MIN_DAYS]));
});
