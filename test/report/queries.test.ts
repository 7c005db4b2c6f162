import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findReport, loadCatalogue } from "../../src/report/catalogue.ts";
import { renderJson } from "../../src/report/renderers/formats.ts";
import { runReport, withDefaults } from "../../src/report/run-report.ts";
import { openEvidence, type ResultStream } from "../../src/store/evidence-query.ts";
import { inWorld, withEvidence } from "../helpers/evidence.ts";

/**
 * A case is a folder `<report>` or `<report>.<what>`: evidence.sql (after world.sql; it may include files beside it), parameters.json where it sets any,
 * expected.json. `UPDATE_GOLDEN=1` writes the answers anew, for a person to read; never in CI.
 */
const CASES = fileURLToPath(new URL("../cases/queries/", import.meta.url));
const names = readdirSync(CASES, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const catalogue = loadCatalogue();

test.each(names)("the report of the case %s gives the expected rows", async (name) => {
  const folder = `${CASES}${name}/`;
  const report = findReport(catalogue, name.split(".")[0]);
  const parameters = existsSync(`${folder}parameters.json`)
    ? (JSON.parse(readFileSync(`${folder}parameters.json`, "utf8")) as Record<string, string>)
    : {};
  await withEvidence(inWorld(readFileSync(`${folder}evidence.sql`, "utf8")), async (path) => {
    const query = await openEvidence(path);
    let text = "";
    const result = await runReport(query, report, parameters);
    for await (const piece of renderJson(result)) text += piece;
    const columns = result.columns.map((column) => column.name);
    for (const column of report.narrow) expect(columns, "columns for narrow tables").toContain(column);
    query.close();
    if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(`${folder}expected.json`, text);
    expect(text).toBe(readFileSync(`${folder}expected.json`, "utf8"));
  });
});

test("every report has a case", () => {
  const covered = new Set(names.map((name) => name.split(".")[0]));
  expect(catalogue.map((report) => report.name).filter((name) => !covered.has(name))).toEqual([]);
});

/** The summary asks reports with their defaults written into the SQL. */
test("a report gives the same rows whether its defaults are written in or bound", async () => {
  const rows = async ({ chunks }: ResultStream): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const chunk of chunks) all.push(...chunk);
    return all;
  };
  for (const report of catalogue) {
    const evidence = readFileSync(
      `${CASES}${names.find((name) => name.split(".")[0] === report.name)}/evidence.sql`,
      "utf8",
    );
    await withEvidence(inWorld(evidence), async (path) => {
      const query = await openEvidence(path);
      const bound = await rows(await runReport(query, report));
      expect(await rows(await query.stream(withDefaults(report))), report.name).toEqual(bound);
      query.close();
    });
  }
});
