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

/** Tables, charts, figures and the drawer. */
export const PARTS_STYLE = /* css */ `
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.75rem; }
.figures li > * { display: flex; flex-direction: column; height: 100%; padding: 0.9rem 1.1rem; color: inherit; text-decoration: none; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
.figures a:hover { border-color: var(--ink-2); }
.figures .label { font-size: 0.85rem; color: var(--ink-2); }
.figures .value { font-size: 1.7rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figures .remark { font-size: 0.85rem; color: var(--ink-2); }
.figures .bad .value { color: var(--bad); }
.figures .warn .value { color: var(--warn); }
.figures .good .value { color: var(--good); }

.note { background: var(--info-soft); border-radius: 8px; padding: 0.7rem 1rem; max-width: 60rem; }
.empty, .more { color: var(--ink-2); padding: 0.6rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 16rem), 1fr)); gap: 0.75rem 1.5rem; }
.facts dt { font-size: 0.82rem; color: var(--ink-2); }
.facts dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }

.scroll { position: relative; overflow: auto; max-width: 100%; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.7rem 0.9rem; color: var(--ink); position: sticky; left: 0; }
th, td { text-align: left; vertical-align: top; padding: 0.42rem 0.75rem; border-top: 1px solid var(--line); overflow-wrap: break-word; }
thead th { background: var(--panel); white-space: nowrap; font-weight: 600; color: var(--ink-2); }
thead button { border: 0; background: none; padding: 0.1rem 0; min-height: 0; font-weight: 600; color: inherit; white-space: nowrap; }
thead th[aria-sort] { color: var(--ink); }
thead th[aria-sort] button::after { content: " ↑" / ""; }
thead th[aria-sort="descending"] button::after { content: " ↓" / ""; }
.number { text-align: right; white-space: nowrap; }
.kind-time, .kind-code, .kind-tag, .kind-list { white-space: nowrap; }
.prose { width: max-content; max-width: 21rem; overflow-wrap: anywhere; unicode-bidi: isolate; }
.kind-path { max-width: 16rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.facts .list { overflow-wrap: anywhere; }
.entity, td.kind-code { font: 0.95em/1.6 var(--mono); overflow-wrap: anywhere; unicode-bidi: isolate; }
tbody tr:hover > td { background: var(--panel); }
tr.group th { background: var(--quiet-soft); font-weight: 600; position: sticky; left: 0; }
.opener { width: 1%; padding-right: 0; }
td.opener button { border: 0; background: none; min-height: 0; padding: 0 0.25rem; color: var(--ink-2); }
td.opener button::before { content: "▸" / ""; }
td.opener button[aria-expanded="true"]::before { content: "▾" / ""; }
tr.opened td { background: var(--panel); padding: 1rem 1.25rem 1.25rem 2.5rem; }
.tag { display: inline-block; padding: 0.02rem 0.5rem; border-radius: 999px; font-size: 0.92em; white-space: nowrap; }
.good.tag { color: var(--good); background: var(--good-soft); }
.good.swatch { color: var(--good); }
.bad.tag { color: var(--bad); background: var(--bad-soft); }
.bad.swatch { color: var(--bad); }
.warn.tag { color: var(--warn); background: var(--warn-soft); }
.warn.swatch { color: var(--warn); }
.info.tag { color: var(--info); background: var(--info-soft); }
.info.swatch { color: var(--info); }
.quiet.tag { color: var(--quiet); background: var(--quiet-soft); }
.quiet.swatch { color: var(--quiet); }
.spark { display: block; min-width: 6rem; }
.spark rect { fill: var(--info); }
.spark line { stroke: var(--line); }

.toolbar { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: end; padding-bottom: 0.75rem; }
.toolbar label { display: flex; flex-direction: column; font-size: 0.82rem; color: var(--ink-2); max-width: 100%; }
.toolbar input, .toolbar select { color: var(--ink); font-size: 0.95rem; max-width: 20rem; }
.toolbar input { width: 18rem; }
.toolbar .count { margin-left: auto; font-size: 0.85rem; color: var(--ink-2); }
.pager { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; padding-top: 0.75rem; font-size: 0.9rem; }
.pager[hidden] { display: none; }

.timeline figcaption { font-weight: 600; font-size: 0.95rem; }
.timeline .legend { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center; padding: 0.5rem 0; font-size: 0.85rem; }
.legend button { display: flex; align-items: center; gap: 0.45rem; border-radius: 999px; padding: 0.05rem 0.7rem 0.05rem 0.5rem; min-height: 1.8rem; }
.legend button[aria-pressed="false"] { text-decoration: line-through; color: var(--ink-2); }
.swatch { background: color-mix(in srgb, currentColor 18%, transparent); width: 0.8em; height: 0.8em; border: 2px solid currentColor; border-radius: 3px; }
.legend .reading { color: var(--ink-2); font-variant-numeric: tabular-nums; }
.chart { min-height: 200px; color: var(--ink-2); border-top: 0 solid var(--line); overflow: hidden; }
.data { font-size: 0.85rem; color: var(--ink-2); }
.data summary { cursor: pointer; width: max-content; }
.data table { width: auto; color: var(--ink); }

.heat caption, .matrix caption { white-space: nowrap; }
.heat table { width: auto; font-size: 0.8rem; }
.heat th, .heat td { padding: 0.1rem; border: 0; }
.heat tbody th { padding: 0.15rem 0.75rem; font-weight: normal; white-space: nowrap; position: sticky; left: 0; background: var(--page); }
.heat thead th:first-child { padding-left: 0.75rem; }
.heat thead th { background: none; font-weight: normal; vertical-align: bottom; }
.heat thead th span:not(.spoken) { display: block; width: 0; overflow: visible; white-space: nowrap; }
.heat .name { color: var(--ink-2); padding-left: 0.6rem; unicode-bidi: isolate; }
.heat tbody td::before, .heat-legend .cell { content: ""; display: block; width: 1.05rem; height: 1.05rem; border-radius: 3px; font-size: 0.75rem; line-height: 1.05rem; text-align: center; }
.heat .level-0::before, .cell.level-0 { box-shadow: inset 0 0 0 1px var(--line); }
.heat .level-1::before, .cell.level-1 { background: color-mix(in oklab, var(--good) 25%, var(--page)); }
.heat .level-2::before, .cell.level-2 { background: color-mix(in oklab, var(--good) 42%, var(--page)); }
.heat .level-3::before, .cell.level-3 { background: color-mix(in oklab, var(--good) 60%, var(--page)); }
.heat .level-4::before, .cell.level-4 { background: color-mix(in oklab, var(--good) 82%, var(--page)); }
.heat .gap::before, .cell.gap { background: repeating-linear-gradient(135deg, var(--warn) 0 2px, transparent 2px 5px); box-shadow: inset 0 0 0 1px var(--warn); }
.heat td.skip::before, .cell.skip::before { content: "✕" / ""; color: var(--bad); font-weight: 700; background: var(--bad-soft); display: block; border-radius: 3px; }
.heat-legend { display: flex; flex-wrap: wrap; gap: 0.4rem 1.25rem; font-size: 0.82rem; color: var(--ink-2); padding-bottom: 0.75rem; }
.heat-legend li { display: flex; gap: 0.4rem; align-items: center; }
.heat > button { margin-top: 0.75rem; }

.matrix { width: max-content; }
.matrix table { width: auto; font-size: 0.8rem; }
.matrix th, .matrix td { padding: 0.2rem 0.45rem; text-align: right; white-space: nowrap; }
.matrix thead th:first-child { text-align: left; }
.matrix tbody th { text-align: left; font-weight: normal; position: sticky; left: 0; background: var(--page); }
.matrix .step-1 { background: color-mix(in oklab, var(--info) 10%, var(--page)); }
.matrix .step-2 { background: color-mix(in oklab, var(--info) 22%, var(--page)); }
.matrix .step-3 { background: color-mix(in oklab, var(--info) 36%, var(--page)); }
.matrix .step-4 { background: color-mix(in oklab, var(--info) 52%, var(--page)); font-weight: 600; }
.matrix .rest { color: var(--ink-2); }

.drawer { margin: 0 0 0 auto; width: min(100vw, 62rem); max-width: none; height: 100dvh; max-height: none; padding: 0; border: 0; border-left: 1px solid var(--line); color: var(--ink); background: var(--page); }
.drawer[open] { display: flex; flex-direction: column; }
.drawer::backdrop { background: rgb(10 14 20 / 45%); }
.drawer header { display: flex; gap: 1rem; align-items: start; justify-content: space-between; padding: 1.1rem 1.5rem; border-bottom: 1px solid var(--line); }
.drawer h2 { font-size: 1.1rem; overflow-wrap: anywhere; }
.drawer-body { overflow: auto; padding: 0.5rem 1.5rem 2rem; }
.drawer section { padding: 1rem 0; }
.drawer h3 { padding-bottom: 0.6rem; }
.drawer section:has(.table-block) > h3 { display: none; }
@media (max-width: 40rem) {
  .toolbar label, .toolbar input, .toolbar select { width: 100%; max-width: none; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures .value { font-size: 1.4rem; }
}
`;
