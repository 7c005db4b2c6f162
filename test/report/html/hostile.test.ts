import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, keepScreenshot, launchBrowser, openFile } from "../../helpers/browser.ts";
import { flowreplay } from "../../helpers/cli.ts";
import { createEvidence, inWorld } from "../../helpers/evidence.ts";
import { withFolder } from "../../helpers/folder.ts";

const executable = findBrowser();
const CASES = fileURLToPath(new URL("../../cases/", import.meta.url));
const WORLD = inWorld(readFileSync(`${CASES}summary/everything/evidence.sql`, "utf8"));

/** Ways out of text into markup, script, style, attribute, link, template and JSON; each would set `owned`. */
const CORPUS = [
  "<script>owned=1</script>",
  "</script><script>owned=1</script>",
  "</SCRIPT ><svg/onload=owned=1>",
  "<!--<script>owned=1</script>-->",
  "--><img src=x onerror=owned=1>",
  "<img src=x onerror=owned=1>",
  '"><img src=x onerror=owned=1>',
  "' autofocus onfocus=owned=1 x='",
  "<svg><animate onbegin=owned=1 attributeName=x dur=1s>",
  "<iframe srcdoc='<script>parent.owned=1</script>'>",
  "<a href=javascript:owned=1>x</a>",
  "javascript:owned=1",
  "<style>@import url(http://127.0.0.1:9/x)</style>",
  "<base href=http://127.0.0.1:9/><link rel=stylesheet href=x>",
  "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
  "{{constructor.constructor('owned=1')()}}${owned=1}",
  '"}]}</script><script>owned=1//',
  "\\u003cscript\\u003eowned=1\\u003c/script\\u003e",
  "&lt;script&gt;owned=1&lt;/script&gt;",
  "__proto__",
  "\u202e<b>txt.exe\u2066\u0000\u001b[2J\u2028",
];

/** What a terminal would obey is shown as an escape here, too. */
const SHOWN = new Map([["\u202e<b>txt.exe\u2066\u0000\u001b[2J\u2028", "\\u202e<b>txt.exe\\u2066\\x1b[2J\\u2028"]]);

/** Every text of the evidence that strangers write: names, tags, ids, addresses, paths, log text. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  rule_dim: ["rule_id", "owner_id", "owner_name", "peer", "description", "protocol", "origin_file", "snapshot"],
  interface_dim: ["interface_id", "name", "description", "vpc_id", "subnet_id", "instance_id", "interface_type"],
  judgements: ["nacl_rule_id", "account_id", "cause", "snapshot", "reject_reason", "decided_by"],
  objects: ["source_object", "etag"],
  bad_line_rows: ["reason", "text", "field", "value"],
  rule_set_members: ["rule_id"],
};

function poison(payload: string): string {
  // DuckDB keeps no NUL character in texts.
  const literal = `'${payload.replaceAll("\u0000", "").replaceAll("'", "''")}'`;
  const updates = Object.entries(FIELDS).map(
    ([table, columns]) =>
      `update ${table} set ${columns.map((column) => `${column} = ${literal} || coalesce(${column}, '')`).join(", ")};`,
  );
  const lists = `update judgements set sg_rule_ids = list_transform(sg_rule_ids, lambda id: ${literal} || id);
    update interface_dim set owner_ids = list_transform(owner_ids, lambda id: ${literal} || id);
    insert into runs (run_id, tool_version, model, state) values (9, ${literal}, ${literal}, ${literal});`;
  return updates.join("\n") + lists;
}

describe.skipIf(executable === null)("hostile text in the report", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser(executable!);
  });
  afterAll(() => browser?.close());

  // Several in one text: whichever leads out of it, what follows is no longer text, and that is seen.
  const groups = Array.from({ length: 3 }, (_, at) => CORPUS.slice(at * 7, at * 7 + 7));
  test.each(groups)("stays text: %j", async (...payloads) => {
    await withFolder(async (folder) => {
      const evidence = join(folder, "evidence.duckdb");
      const file = join(folder, "report.html");
      await createEvidence(evidence, WORLD + poison(payloads.join(" ")));
      const run = flowreplay(["report", "--output", "html", "-o", file, "--db", evidence]);
      expect(run.code, run.stderr).toBe(0);

      const { page, noise } = await openFile(browser, file);
      const hash = await page.locator("#usage a.entity").first().getAttribute("href");
      await page.locator("tbody .opener button").first().click();
      await page.evaluate((link) => (location.hash = link ?? ""), hash);
      await expect.poll(() => page.getByRole("dialog").locator("dl").count()).toBeGreaterThan(0);
      const seen = await page.evaluate(() => ({
        owned: "owned" in globalThis || "owned" in Object.prototype,
        intruders: document.querySelectorAll(
          "img, iframe, object, embed, base, main b, main style, [onerror], [onload], [onfocus]",
        ).length,
        links: [...document.querySelectorAll("a")].filter((a) => !a.getAttribute("href")?.startsWith("#")).length,
        refresh: document.querySelectorAll("meta[http-equiv=refresh]").length,
        text: document.querySelector("main")?.textContent ?? "",
      }));
      expect(seen).toMatchObject({ owned: false, intruders: 0, links: 0, refresh: 0 });
      for (const payload of payloads) expect(seen.text).toContain(SHOWN.get(payload) ?? payload);
      expect(noise).toEqual([]);
      if (payloads[0] === CORPUS[0]) await keepScreenshot(page, "hostile");
      await page.close();
    });
  });
});
