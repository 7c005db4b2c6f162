import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, keepScreenshot, launchBrowser, openFile } from "../../helpers/browser.ts";
import { flowreplay } from "../../helpers/cli.ts";
import { temporaryFolder } from "../../helpers/folder.ts";

const executable = findBrowser();
const SAMPLE = fileURLToPath(new URL("../../../samples/production-vpc/", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** A rule, an interface and a source of the sample that several parts of the report speak of. */
const RULE = "sgr-05f11068b2cc2be50";
const INTERFACE = "eni-0424308b289d6fe24";
const SOURCE = "185.220.101.34";

describe.skipIf(executable === null)("the report in a browser", () => {
  const folder = temporaryFolder();
  const file = join(folder, "report.html");
  let browser: Browser;

  beforeAll(async () => {
    const evidence = join(folder, "evidence.duckdb");
    const args = ["replay", `${SAMPLE}v5`, "--model", `${SAMPLE}config`, "--db", evidence, "--html", file];
    const run = flowreplay(args);
    expect(run.code, run.stderr).toBe(0);
    browser = await launchBrowser(executable!);
  });
  afterAll(async () => {
    await browser?.close();
  });

  const tableOf = (page: Page, caption: string) =>
    page.locator(".table-block", { has: page.locator("caption", { hasText: caption }) });

  test("opens without a message, an error or a request, with every section", async () => {
    const { page, noise } = await openFile(browser, file);
    const headings = await page.locator("main h2").allTextContents();
    expect(headings).toEqual([
      "Overview",
      "Mismatches between log and configuration",
      "Rejected probes by source",
      "Rule usage",
      "Rules open to the internet",
      "Unused rules",
      "Rules that could be narrower",
      "Coverage gaps",
    ]);
    await page.waitForSelector(".chart canvas");
    expect(await page.locator(".chart canvas").count()).toBe(2);
    expect(await page.locator("#mismatches").textContent()).toContain(
      "A packet after the last accepted one of its connection",
    );
    expect(await page.locator("#usage svg.spark rect").count()).toBeGreaterThan(20);
    expect(await page.locator(".heat td.skip").count()).toBe(2);
    expect(noise).toEqual([]);
    await keepScreenshot(page, "report-overview");
    for (const id of ["mismatches", "probes", "usage", "open", "coverage"]) {
      await page.evaluate((name) => document.getElementById(name)?.scrollIntoView({ behavior: "instant" }), id);
      await keepScreenshot(page, `report-${id}`);
    }
    await page.close();
  });

  test("sorts by a column, and back", async () => {
    const { page } = await openFile(browser, file);
    const table = tableOf(page, "Interfaces");
    const sort = table.getByRole("button", { name: "Rejected" });
    const values = async () =>
      (await table.locator("tbody td.number:last-child").allTextContents()).map((text) =>
        Number(text.replace(",", "")),
      );
    const header = table.locator('th[data-column="rejected"]');
    expect(await header.getAttribute("aria-sort")).toBeNull();
    await sort.click();
    expect(await header.getAttribute("aria-sort")).toBe("descending");
    const descending = await values();
    expect(descending).toEqual(descending.toSorted((a, b) => b - a));
    // The keyboard keeps its place.
    await page.keyboard.press("Enter");
    expect(await header.getAttribute("aria-sort")).toBe("ascending");
    expect(await values()).toEqual(descending.toReversed().toSorted((a, b) => a - b));
    await page.close();
  });

  test("filters by words and by a column, and says how many rows are left", async () => {
    const { page } = await openFile(browser, file);
    const table = tableOf(page, "Rules by group");
    await table.getByLabel("Search").fill("udp 53");
    await expect.poll(() => table.getByRole("status").textContent()).toMatch(/^\d+ of 95 rows$/);
    for (const text of await table.locator("tbody tr:not(.group):not(.opened)").allTextContents()) {
      expect(text).toMatch(/udp/);
      expect(text).toMatch(/53/);
    }
    await table.getByLabel("Search").fill("");
    await expect.poll(() => table.getByRole("status").textContent()).toBe("95 rows");
    await table.getByLabel("Use").selectOption("none");
    const uses = await table.locator("tbody .kind-tag").allTextContents();
    expect(new Set(uses)).toEqual(new Set(["none"]));
    await table.getByLabel("Search").fill("no such thing");
    await expect.poll(() => table.locator(".empty").textContent()).toBe("No row matches.");
    await page.close();
  });

  test("opens a row to show all of its columns, and pages", async () => {
    const { page } = await openFile(browser, file);
    const table = tableOf(page, "Sources, scanners first");
    const opener = table.getByRole("button", { name: "All columns" }).first();
    await opener.click();
    expect(await opener.getAttribute("aria-expanded")).toBe("true");
    expect(await table.locator("tr.opened").first().textContent()).toContain("eni-0424308b289d6fe24");
    expect(await table.locator(".pager").textContent()).toContain("1–25 of 285");
    await table.getByRole("button", { name: "Next" }).click();
    expect(await table.locator(".pager").textContent()).toContain("26–50 of 285");
    await page.close();
  });

  test.each([
    [
      `#rule=${RULE}`,
      RULE,
      ["Rules by group and network ACL", "Rules for 0.0.0.0/0 and ::/0", "Real peers, the 25 busiest"],
    ],
    [`#interface=${INTERFACE}`, INTERFACE, ["Mismatches record by record", "Interfaces"]],
    [`#source=${SOURCE}`, SOURCE, ["Sources, scanners first", "Scanners admitted by open rules"]],
  ])("the link %s opens what the report knows of it", async (hash, id, captions) => {
    const { page, noise } = await openFile(browser, file, { hash });
    const drawer = page.getByRole("dialog");
    expect(await drawer.locator("h2").textContent()).toContain(id);
    const text = (await drawer.textContent()) ?? "";
    for (const caption of captions) expect(text).toContain(caption);
    await keepScreenshot(page, `report-link${hash.replace(/\W+/g, "-")}`);
    await page.keyboard.press("Escape");
    await expect.poll(() => drawer.isVisible()).toBe(false);
    expect(new URL(page.url()).hash).toBe("");
    expect(noise).toEqual([]);
    await page.close();
  });

  test("a link inside the page opens the drawer; unknown and broken ones harm nothing", async () => {
    const { page, noise } = await openFile(browser, file, { hash: "#rule=%E0%A4%A" });
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
    await page.locator("#usage a.entity").first().click();
    await expect.poll(() => page.getByRole("dialog").isVisible()).toBe(true);
    await page.evaluate(() => (location.hash = "#interface=eni-nowhere"));
    await expect.poll(() => page.getByRole("dialog").textContent()).toContain("Nothing on this page mentions it");
    expect(noise).toEqual([]);
    await page.close();
  });

  test("follows the system into the dark, and the button beyond", async () => {
    const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const { page } = await openFile(browser, file, { dark: true });
    const dark = await background(page);
    await page.waitForSelector(".chart canvas");
    await keepScreenshot(page, "report-dark");
    const button = page.getByRole("button", { name: /^Theme/ });
    await button.click();
    expect(await button.textContent()).toBe("Theme: light");
    const light = await background(page);
    expect(light).not.toBe(dark);
    await page.emulateMedia({ colorScheme: "light" });
    await button.click();
    expect(await background(page)).toBe(dark);
    await page.reload();
    expect(await background(page)).toBe(dark);
    await page.close();
  });

  test.each([
    ["light", 1440, {}],
    ["dark", 1440, { dark: true }],
    ["phone", 390, {}],
    ["rule", 1440, { hash: `#rule=${RULE}` }],
  ])("axe finds nothing serious: %s", async (name, width, options) => {
    const { page } = await openFile(browser, file, { width, height: 900, ...options });
    await page.waitForSelector(".chart canvas", { state: "attached" });
    await page.evaluate(() => document.querySelector("details")?.setAttribute("open", ""));
    // The page's own policy keeps strangers' scripts out; the protocol of the debugger does not ask it.
    await page.evaluate(readFileSync(AXE, "utf8"));
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeFinding[] }> } };
      return (await axe.run()).violations;
    });
    await keepScreenshot(page, `report-axe-${name}`);
    const told = found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    expect(told).toEqual([]);
    await page.close();
  });

  test("fits a phone and a large screen, and paper", async () => {
    for (const [name, width, height] of [
      ["phone", 390, 844],
      ["4k", 3840, 2160],
    ] as const) {
      const { page } = await openFile(browser, file, { width, height });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
      await keepScreenshot(page, `report-${name}`);
      await page.close();
    }
    const { page } = await openFile(browser, file, { dark: true });
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(255, 255, 255)");
    expect(await page.locator(".toolbar").first().isVisible()).toBe(false);
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(50_000);
    await page.close();
  });
});

interface AxeFinding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
