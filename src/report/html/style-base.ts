/** Colours, type and the frame of the page. Every colour is a pair: light, dark. */
export const BASE_STYLE = /* css */ `
:root {
  color-scheme: light dark;
  --page: light-dark(#ffffff, #11151b);
  --panel: light-dark(#f5f7f9, #181e26);
  --raised: light-dark(#ffffff, #1d242e);
  --line: light-dark(#dfe4ea, #2b3440);
  --ink: light-dark(#18202a, #e4e9ef);
  --ink-2: light-dark(#55606e, #a0acba);
  --link: light-dark(#0b5cad, #7cb7f5);
  --focus: light-dark(#0b5cad, #8cc3ff);
  --good: light-dark(#2b6f4f, #74c69d);
  --good-soft: light-dark(#e3f2ea, #1b3329);
  --bad: light-dark(#a8202e, #ff8f93);
  --bad-soft: light-dark(#fce7e8, #44212a);
  --warn: light-dark(#8a5300, #f0b75c);
  --warn-soft: light-dark(#fdf0d9, #3d2f17);
  --info: light-dark(#1f5a96, #8fc0f5);
  --info-soft: light-dark(#e4eefa, #1a2f47);
  --quiet: light-dark(#55606e, #a0acba);
  --quiet-soft: light-dark(#eceff3, #252d38);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font: clamp(15px, 12.2px + 0.2vw, 22px) / 1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
*, *::before, *::after { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
body { margin: 0; color: var(--ink); background: var(--page); }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { font-size: 1.35rem; line-height: 1.25; letter-spacing: -0.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; letter-spacing: -0.01em; }
h3 { font-size: 1rem; }
a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 1px; }
code { font: 0.92em var(--mono); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
button, select, input {
  font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
  padding: 0.25rem 0.6rem; min-height: 2rem;
}
button { cursor: pointer; }
button:hover:enabled, select:hover { border-color: var(--ink-2); }
button:disabled { color: var(--ink-2); cursor: default; opacity: 0.6; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.absent { color: var(--ink-2); font-weight: normal; }
.skip-link { position: absolute; left: 1rem; top: -4rem; z-index: 3; background: var(--raised); padding: 0.5rem 1rem; border-radius: 6px; }
.skip-link:focus { top: 0.75rem; }

.frame { max-width: 128rem; margin: 0 auto; padding: 0 clamp(1rem, 2.5vw, 3rem); }
header.top { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; align-items: center; padding: 1.5rem 0 1.25rem; border-bottom: 1px solid var(--line); }
header.top > div { flex: 1 1 20rem; }
header.top p { color: var(--ink-2); overflow-wrap: anywhere; }
.brand { font-size: 0.8rem; letter-spacing: 0.06em; color: var(--ink-2); }
.contents { position: sticky; top: 0; z-index: 2; background: var(--page); border-bottom: 1px solid var(--line); margin: 0 calc(-1 * clamp(1rem, 2.5vw, 3rem)); padding: 0 clamp(1rem, 2.5vw, 3rem); overflow-x: auto; }
.contents ul { display: flex; gap: 0.25rem; }
.contents a { display: block; padding: 0.6rem 0.7rem; white-space: nowrap; color: var(--ink-2); text-decoration: none; font-size: 0.9rem; border-bottom: 2px solid transparent; }
.contents a:hover { color: var(--ink); }
.contents a[aria-current] { color: var(--ink); border-color: var(--link); }
main > section { padding: 2rem 0; border-bottom: 1px solid var(--line); scroll-margin-top: 3rem; min-width: 0; }
main > section > * + * { margin-top: 1.25rem; }
main > section > .lead { margin-top: 0.35rem; max-width: 48rem; color: var(--ink-2); }
footer { padding: 1.5rem 0 3rem; font-size: 0.85rem; color: var(--ink-2); }
@media (min-width: 76rem) {
  .columns { display: grid; grid-template-columns: 13.5rem minmax(0, 1fr); gap: 0 3rem; }
  .contents { align-self: start; border: 0; margin: 0; padding: 2rem 0; max-height: 100vh; overflow: auto; }
  .contents ul { flex-direction: column; }
  .contents a { padding: 0.35rem 0.8rem; white-space: normal; border-bottom: 0; border-left: 2px solid var(--line); }
  main > section { scroll-margin-top: 0; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { color-scheme: light !important; font-size: 9pt; }
  .contents, .toolbar, .pager, .theme, .skip-link, .drawer, .opener, .data, .legend button[aria-pressed="false"] { display: none !important; }
  .scroll { overflow: visible !important; max-height: none !important; border: 0 !important; }
  thead { display: table-header-group; }
  tr, figure, .figures li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  main > section { padding: 1rem 0; }
  a { color: inherit; text-decoration: none; }
  * { print-color-adjust: exact; }
}
`;
