import { statSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser, openFile } from "../../helpers/browser.ts";
import { flowreplay } from "../../helpers/cli.ts";
import { createEvidence } from "../../helpers/evidence.ts";
import { withFolder } from "../../helpers/folder.ts";

const executable = findBrowser();
const ROWS = 100_000;

const EVIDENCE = `
insert into objects (object_id, source_object) values (1, 's3://bucket/one.log.gz');
insert into interface_dim (interface_idx, interface_id, modelled, name) values (1, 'eni-1', true, 'one'), (2, 'eni-2', true, 'two');
insert into judgements (judgement_id, direction, initiator, action, log_status, verdict, agreement, cause, sg_rule_ids) values
  (1, 'ingress', 'remote', 'ACCEPT', 'OK', 'deny', 'unexpected_accept', 'no_explanation', []),
  (2, 'ingress', 'remote', 'REJECT', 'OK', 'allow', 'unexpected_reject', 'late_packet', []);
insert into flow_rows
  (object_id, line, interface_idx, start_s, duration, src, dst, srcport, dstport, protocol, packets, bytes, tcp_flags, judgement_id)
  select 1, i + 2, 1 + i % 2, 1761987600 + i // 30, 30, ip('198.51.100.0') + i % 7919, ip('10.0.0.1'), 1024 + i % 60000, i % 1000, 6, 1 + i % 50, 40 * i, 2, 1 + i % 2
  from range(${ROWS}) r(i);
`;

describe.skipIf(executable === null)("a hundred thousand rows", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser(executable!);
  });
  afterAll(() => browser?.close());

  test("are sorted, searched, filtered and paged in a page that holds few of them at a time", async () => {
    await withFolder(async (folder) => {
      const evidence = join(folder, "evidence.duckdb");
      const file = join(folder, "report.html");
      await createEvidence(evidence, EVIDENCE);
      const run = flowreplay(["report", "mismatches", "--param", `limit=${ROWS}`, "-o", file, "--db", evidence]);
      expect(run.code, run.stderr).toBe(0);
      expect(statSync(file).size).toBeLessThan(16 * 1024 * 1024);

      const { page, noise } = await openFile(browser, file);
      const status = page.getByRole("status");
      const firstRow = page.locator("tbody tr").first();
      expect(await status.textContent()).toBe("100,000 rows");
      expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(5000);

      await page.getByRole("button", { name: "All columns" }).first().click();
      await page.getByRole("button", { name: "Source", exact: true }).click();
      expect(await firstRow.textContent()).toContain("198.51.100.0");
      await page.getByRole("button", { name: "Source", exact: true }).click();
      expect(await firstRow.textContent()).toContain("198.51.130.238");
      await page.getByLabel("Cause").selectOption("late_packet");
      expect(await status.textContent()).toBe("50,000 of 100,000 rows");
      await page.getByLabel("Search").fill("198.51.100.7 999");
      await expect.poll(() => status.textContent()).toMatch(/^\d{1,3} of 100,000 rows$/);
      await page.getByLabel("Search").fill("");
      await expect.poll(() => status.textContent()).toBe("50,000 of 100,000 rows");
      await page.getByLabel("Rows per page").selectOption("500");
      expect(await page.locator("tbody tr:not(.opened)").count()).toBe(500);
      await page.evaluate(() => (location.hash = "#source=198.51.100.7"));
      await expect.poll(() => page.getByRole("dialog").getByRole("status").textContent()).toBe("13 rows");
      expect(noise).toEqual([]);
      await page.close();
    });
  });
});
