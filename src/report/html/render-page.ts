import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { safeJson } from "../renderers/renderer.ts";
import { PAGE_FOLDER } from "../shipped-files.ts";
import type { PageData } from "./page-data.ts";

/**
 * One self-contained HTML file. Its Content-Security-Policy allows only its own inline scripts and styles and no requests.
 * All data is JSON that the script draws as text.
 */
export async function* renderPage(data: PageData): AsyncGenerator<string> {
  const { styles, scripts } = loadAssets();
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashSource).join(" ")}`,
    `style-src ${styles.map(hashSource).join(" ")}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="flowreplay">
<title>${escapeHtml(data.title)}</title>
<link rel="icon" href="data:,">
${styles.map((style) => `<style>${style}</style>`).join("\n")}
</head>
<body>
<a class="skip-link" href="#main">Skip to the report</a>
<div class="frame">
<header class="top"><div><p class="brand">flowreplay</p><h1>${escapeHtml(data.title)}</h1><p>${escapeHtml(data.subtitle)}</p></div></header>
<div class="columns"><main id="main" tabindex="-1"><noscript>A script in this file draws the report; it loads nothing. Allow scripts to read it.</noscript></main></div>
<footer></footer>
</div>
<script type="application/json" id="data">`;
  yield embedJson(data);
  yield `</script>
${scripts.map((script) => `<script>${script}</script>`).join("\n")}
</body>
</html>
`;
}

/** Inline style sheets, and scripts in the order in which they run. */
interface Assets {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

/** Reads the chart library from its package, and style and script of the page from the compiled `page/`. */
function loadAssets(): Assets {
  const library = createRequire(import.meta.url);
  const read = (name: string): string => readFileSync(library.resolve(`uplot/dist/${name}`), "utf8");
  const assets = {
    styles: [read("uPlot.min.css"), `\n${readFileSync(new URL("style.css", PAGE_FOLDER), "utf8")}`],
    scripts: [read("uPlot.iife.min.js"), pageScript(PAGE_FOLDER)],
  };
  for (const content of [...assets.styles, ...assets.scripts]) {
    if (/<\/(script|style)|<!--/i.test(content)) throw new Error("an inlined script or style would end its element");
  }
  return assets;
}

const IMPORT = /^import \{[^}]*\} from "\.\/([\w-]+\.js)";\n/gm;

/**
 * `main.js` and the modules that it imports as one script. They only declare functions and constants with unique names
 * (duplicates would be a syntax error), so their imports can be dropped and their order does not matter.
 */
function pageScript(folder: URL): string {
  const modules = new Map<string, string>();
  const load = (name: string): void => {
    if (modules.has(name)) return;
    const text = readFileSync(new URL(name, folder), "utf8");
    modules.set(name, text.replace(IMPORT, "").replace(/^export (?=function|const)/gm, ""));
    for (const [, imported] of text.matchAll(IMPORT)) load(imported);
  };
  load("main.js");
  const source = [...modules.values()].join("");
  if (/^(import|export)\b/m.test(source)) throw new Error("the page's modules only import names from one another");
  return `"use strict";\n(() => {\n${source}start();\n})();\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element or a quoted attribute. @internal */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * JSON for a `script` element, without any `<`: there the HTML parser only looks for `</script` and `<!--` (HTML Standard
 * 13.2.5.4, script data state). @internal
 */
export function embedJson(value: unknown): string {
  return safeJson(value).replaceAll("<", "\\u003c");
}

/** A source of a Content-Security-Policy: exactly this inline script or style (CSP 3 section 2.3.1). */
function hashSource(content: string): string {
  return `'sha256-${createHash("sha256").update(content, "utf8").digest("base64")}'`;
}
