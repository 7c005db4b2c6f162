import type { PageData } from "../page-data.ts";
import { detailDrawer } from "./detail.ts";
import { h } from "./dom.ts";
import { navigation, sectionView } from "./sections.ts";
import { printTables } from "./table-view.ts";
import { themeButton } from "./theme.ts";

/** Draws the page from the JSON beside it. */
export function start(): void {
  const page = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;
  const about = page.about.map(({ label, value }) => h("div", {}, h("dt", {}, label), h("dd", {}, value)));
  document.querySelector("header.top")?.append(themeButton());
  document.querySelector("main")?.append(...page.sections.map(sectionView));
  document.querySelector("main")?.before(navigation(page));
  document.querySelector("footer")?.append(h("dl", { class: "facts" }, ...about));
  document.body.append(detailDrawer(page));
  printTables();
  // The browser looked for the anchor before it was there.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
