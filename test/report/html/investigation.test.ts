import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, keepScreenshot, launchBrowser, openFile } from "../../helpers/browser.ts";
import { flowreplay } from "../../helpers/cli.ts";
import { temporaryFolder } from "../../helpers/folder.ts";

const executable = findBrowser();
const SAMPLE = fileURLToPath(new URL("../../../samples/production-vpc/", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface AxeFinding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe.skipIf(executable === null)("an investigation in a browser", () => {
  const folder = temporaryFolder();
  const file = join(folder, "page.html");
  let browser: Browser;

  beforeAll(async () => {
    const db = join(folder, "evidence.duckdb");
    const replay = flowreplay(["replay", `${SAMPLE}v5`, "--model", `${SAMPLE}config`, "--db", db]);
    expect(replay.code, replay.stderr).toBe(0);
    const run = flowreplay(["investigate", "185.220.101.34", "--db", db, "-o", file]);
    expect(run.code, run.stderr).toBe(0);
    browser = await launchBrowser(executable!);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
  });

  test.each([
    ["light", 1440, false],
    ["dark", 1440, true],
    ["phone", 390, false],
  ])("opens without a message or a request, fits, and axe finds nothing serious: %s", async (name, width, dark) => {
    const { page, noise } = await openFile(browser, file, { width, height: 900, dark });
    await page.waitForSelector(".chart canvas", { state: "attached" });
    expect(await page.locator("h1").textContent()).toBe("Address 185.220.101.34");
    expect(await page.locator("main h2").allTextContents()).toEqual([
      "Accepted connections",
      "Subject",
      "Totals",
      "Timeline",
      "Peers",
      "Services",
      "Deciding rules",
      "Allowed, but never used",
    ]);
    expect(await page.locator("#subject").textContent()).toContain("vertical");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.evaluate(readFileSync(AXE, "utf8"));
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeFinding[] }> } };
      return (await axe.run()).violations;
    });
    await keepScreenshot(page, `investigation-${name}`);
    const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    expect(noise).toEqual([]);
    await page.close();
  });

  test("all of its ports can be searched, and a rule opens by its link", async () => {
    const { page, noise } = await openFile(browser, file, { hash: "#rule=sgr-0229ab7721485beb9" });
    expect(await page.locator("dialog.drawer[open] h2").textContent()).toBe("Rule sgr-0229ab7721485beb9");
    await page.keyboard.press("Escape");
    const ports = page.locator("#services .table-block");
    expect(await ports.locator(".count").textContent()).toBe("1,034 rows");
    await ports.locator("input").fill("27017");
    await expect.poll(() => ports.locator(".count").textContent()).toBe("1 of 1,034 rows");
    expect(noise).toEqual([]);
    await page.close();
  });
});
