import { loadAssets } from "./assets.ts";
import { embedJson, escapeHtml, hashSource } from "./embed.ts";
import type { PageData } from "./page-data.ts";

/**
 * One self-contained HTML file. Its policy lets it run exactly the scripts and styles that stand in it and load
 * nothing from anywhere; all data comes as JSON that the script draws as text.
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
<div class="columns"><main id="main" tabindex="-1"><noscript>A script inside this file draws the report; it loads nothing. Allow scripts to read it.</noscript></main></div>
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
