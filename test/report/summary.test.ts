import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { bar } from "../../src/report/renderers/text-layout.ts";
import { renderSummary } from "../../src/report/summary.ts";
import { openEvidence } from "../../src/store/evidence-query.ts";
import { plural } from "../../src/text.ts";
import { inWorld, withEvidence } from "../helpers/evidence.ts";

const CASES = fileURLToPath(new URL("../cases/", import.meta.url));
const PLAIN = { bold: (text: string) => text, dim: (text: string) => text };

async function summary(evidence: string, width: number): Promise<string> {
  return withEvidence(inWorld(evidence), async (path) => {
    const evidence = await openEvidence(path);
    const text = await renderSummary(evidence, { width, style: PLAIN });
    evidence.close();
    return text;
  });
}

// `UPDATE_GOLDEN=1` writes expected.txt anew, for a person to read; never in CI.
test.each(readdirSync(`${CASES}summary`))("the summary of the case %s is as expected", async (name) => {
  const folder = `${CASES}summary/${name}/`;
  const text = await summary(readFileSync(`${folder}evidence.sql`, "utf8"), 80);
  if (process.env.UPDATE_GOLDEN && !process.env.CI) writeFileSync(`${folder}expected.txt`, text);
  expect(text).toBe(readFileSync(`${folder}expected.txt`, "utf8"));
  for (const line of text.split("\n")) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
});

test("hostile names stay text and lines fit a narrow terminal", async () => {
  const text = await summary(
    "update rule_dim set owner_name = chr(27) || '[2J' || repeat('漢', 60), peer = chr(155) || 'x';",
    60,
  );
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u001b\u009b]/);
  for (const line of text.split("\n")) expect(stringWidth(line), line).toBeLessThanOrEqual(60);
});

test("bars show any share above 0, and counts have the right number", () => {
  expect([bar(0, 10), bar(0.0001, 10), bar(0.55, 10), bar(1, 3)]).toEqual(["", "▏", "█████▌", "███"]);
  expect([plural(1, "port"), plural(1033, "port")]).toEqual(["1 port", "1,033 ports"]);
});
